//! What stands around the pages.

mod brand;
mod door;
mod frame;
mod nav;
pub mod outside;
mod palette;
mod prefs_menus;
mod sidebar;
mod stores;
mod topbar;
mod visit;

pub use door::Door;
pub use frame::Frame;
pub use stores::{OrganisationInfo, StoreInfo, Stores, use_store, use_stores};
