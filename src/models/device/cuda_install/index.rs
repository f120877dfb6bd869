//! Where a Python package index keeps a file of a known checksum.
//!
//! By the simple pages that every index has (PEP 503): links with the file's checksum behind the `#`.

/// The page of a package.
pub(super) fn page(index: &str, package: &str) -> String {
    format!("{}/{package}/", index.trim_end_matches('/'))
}

/// The address that `page`, which was read from `url`, gives for the file of this checksum.
pub(super) fn find(page: &str, url: &str, sha256: &str) -> Option<String> {
    let end = page.find(&format!("#sha256={sha256}"))?;
    let start = page[..end].rfind(['"', '\''])? + 1;
    Some(absolute(&page[start..end].replace("&amp;", "&"), url))
}

/// A link as it is meant on the page at `url`.
fn absolute(link: &str, url: &str) -> String {
    if link.contains("://") {
        return link.into();
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    if let Some(elsewhere) = link.strip_prefix("//") {
        return format!("{scheme}://{elsewhere}");
    }
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if let Some(from_root) = link.strip_prefix('/') {
        return format!("{scheme}://{host}/{from_root}");
    }
    // What stands behind the last slash is the page itself.
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(folders.pop()),
            part => folders.push(part),
        }
    }
    format!("{scheme}://{host}/{}", folders.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_by_checksum_and_read_as_a_browser_would() {
        let url = page("http://index.example/pypi/simple/", "nvidia-nvtx");
        assert_eq!(url, "http://index.example/pypi/simple/nvidia-nvtx/");
        for (link, expected) in [
            ("https://files.example/a.whl", "https://files.example/a.whl"),
            ("//files.example/a.whl", "http://files.example/a.whl"),
            ("/packages/a.whl", "http://index.example/packages/a.whl"),
            (
                "a.whl?x=1&amp;y=2",
                "http://index.example/pypi/simple/nvidia-nvtx/a.whl?x=1&y=2",
            ),
            (
                "../../packages/a.whl",
                "http://index.example/pypi/packages/a.whl",
            ),
            (
                "./a.whl",
                "http://index.example/pypi/simple/nvidia-nvtx/a.whl",
            ),
        ] {
            let html = format!(
                "<a href=\"b.whl#sha256=00\">b</a>\n<a data-x=\"1\" href=\"{link}#sha256=0a1b\" data-requires-python=\"&gt;=3\">a</a>"
            );
            assert_eq!(find(&html, &url, "0a1b").as_deref(), Some(expected));
            assert_eq!(find(&html, &url, "0a1c"), None);
        }
    }
}
