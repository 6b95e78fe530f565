//! Where the programs of a PostgreSQL server are. Nothing of an installed server's own data is ever touched.

use std::path::PathBuf;
use std::{env, fs};

use crate::exec;

/// The folder that holds `initdb` and `postgres`, of the newest version there is.
///
/// # Errors
/// No server is installed; a client alone is not enough.
pub fn find() -> Result<PathBuf, String> {
    if let Some(named) = env::var_os("CARTWHEEL_PG_BIN").map(PathBuf::from) {
        return if is_server(&named) { Ok(named) } else { Err(format!("no initdb in {}", named.display())) };
    }
    let mut folders: Vec<(u32, PathBuf)> = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt"]
        .iter()
        .filter_map(|root| fs::read_dir(root).ok())
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| (version(&entry.file_name().to_string_lossy()), entry.path().join("bin")))
        .filter(|(_, folder)| is_server(folder))
        .collect();
    folders.sort();
    folders
        .pop()
        .map(|(_, folder)| folder)
        .or_else(|| exec::which(&["initdb"]).and_then(|file| file.parent().map(PathBuf::from)))
        .ok_or_else(|| "no initdb in /usr/lib/postgresql/*/bin or on the path".to_owned())
}

fn is_server(folder: &std::path::Path) -> bool {
    folder.join("initdb").is_file() && folder.join("postgres").is_file()
}

/// `15`, `postgresql@17` → the number.
fn version(name: &str) -> u32 {
    let digits: String =
        name.chars().skip_while(|it| !it.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn versions_are_read_from_folder_names() {
        assert_eq!((version("9.6"), version("15"), version("postgresql@17"), version("x")), (9, 15, 17, 0));
    }
}
