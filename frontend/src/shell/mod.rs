//! What stands around the pages.

mod ask;
mod brand;
mod door;
mod frame;
mod join;
mod nav;
mod outside;
mod palette;
mod prefs_menus;
mod reset;
mod sidebar;
mod stores;
mod topbar;
mod welcome;

pub use ask::Ask;
pub use door::Door;
pub use frame::Frame;
pub use join::Join;
pub use reset::Reset;
pub use stores::{StoreInfo, Stores, use_store, use_stores};
pub use welcome::Welcome;
