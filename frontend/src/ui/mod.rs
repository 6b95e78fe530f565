//! The kit: one file for each part, used by every page and shown in all states under `/kit`.
//!
//! Parts take words, not keys, and know nothing of stores, carts or the network.

mod badge;
mod button;
mod chart;
mod chart_scale;
mod checks;
mod code;
mod confirm;
mod dialog;
mod empty;
mod fault;
mod field;
mod icon;
mod menu;
mod moment;
mod notice;
mod page_head;
mod pager;
mod progress;
mod radios;
mod segmented;
mod select;
mod skeleton;
mod stat;
mod stateful;
mod switch;
mod tabs;
mod toast;
mod tooltip;

pub use badge::{Tone, badge};
pub use button::{Button, ButtonKind, IconButton, button_link};
pub use chart::{Chart, ChartPoint};
pub use checks::checks;
pub use code::CodeBlock;
pub use confirm::Confirm;
pub use dialog::{Dialog, DialogKind};
pub use empty::{empty, empty_page};
pub use fault::fault;
pub use field::{Field, NumberField, SearchField, TextArea};
pub use icon::{Icon, icon};
pub use menu::{Menu, MenuItem};
pub use moment::{Clock, moment, use_clock};
pub use notice::notice;
pub use page_head::{Crumb, PageHead, set_title};
pub use pager::Pager;
pub use progress::progress;
pub use radios::{Choice, radios};
pub use segmented::Segmented;
pub use select::Select;
pub use skeleton::{skeleton_block, skeleton_lines, skeleton_page, skeleton_rows};
pub use stat::stat;
pub use stateful::stateful;
pub use switch::Switch;
pub use tabs::{Tab, tabs};
pub use toast::{ToastShelf, Toasts, use_toasts};
pub use tooltip::definition;

#[cfg(test)]
mod tests;
