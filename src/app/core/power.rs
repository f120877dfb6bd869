//! Whether this machine runs on mains power: work that nobody asked for is left alone on a battery.

use std::path::Path;

/// Asks the system. On systems that are not asked, no: only what a person asks for is done there.
pub fn is_on_mains() -> bool {
    cfg!(target_os = "linux") && on_mains(Path::new("/sys/class/power_supply"))
}

/// `supplies`: a folder with a folder for each source of power, as Linux has it. A machine without a battery has none, or
/// only those of mice and the like.
fn on_mains(supplies: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(supplies) else {
        return true;
    };
    let (mut is_plugged_in, mut has_battery) = (false, false);
    for supply in entries.flatten() {
        let read = |name: &str| {
            let text = std::fs::read_to_string(supply.path().join(name)).unwrap_or_default();
            text.trim().to_owned()
        };
        match read("type").as_str() {
            "Mains" | "USB" | "Wireless" => is_plugged_in |= read("online") == "1",
            // A mouse's battery says nothing of the machine.
            "Battery" => has_battery |= read("scope") != "Device",
            "UPS" => has_battery |= read("status") == "Discharging",
            _ => {}
        }
    }
    is_plugged_in || !has_battery
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supplies(of: &[(&str, &[(&str, &str)])]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        for (name, files) in of {
            let supply = folder.path().join(name);
            std::fs::create_dir(&supply).unwrap();
            for (file, text) in *files {
                std::fs::write(supply.join(file), format!("{text}\n")).unwrap();
            }
        }
        on_mains(folder.path())
    }

    #[test]
    fn a_battery_counts_while_nothing_is_plugged_in() {
        let battery: (&str, &[(&str, &str)]) =
            ("BAT0", &[("type", "Battery"), ("status", "Discharging")]);
        let plugged: (&str, &[(&str, &str)]) = ("AC", &[("type", "Mains"), ("online", "1")]);
        let unplugged: (&str, &[(&str, &str)]) = ("AC", &[("type", "Mains"), ("online", "0")]);
        let mouse: (&str, &[(&str, &str)]) = ("hid", &[("type", "Battery"), ("scope", "Device")]);
        assert!(supplies(&[]), "a desktop computer");
        assert!(supplies(&[mouse]));
        assert!(supplies(&[battery, plugged]));
        assert!(!supplies(&[battery, unplugged]));
        assert!(!supplies(&[battery]));
        assert!(on_mains(Path::new("/nowhere")));
    }
}
