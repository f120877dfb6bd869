//! What a pickle may name. A few names of torch are known; those that attacks are made of refuse the file; all others are
//! classes of whoever trained the network, whose objects are passed over and never made.

use std::sync::Arc;

use super::{ElementType, Global, Value};

/// Modules of Python's own, and of its packages, whose functions run programs, read files or load code. Nothing of a weight
/// file stands in them.
const MODULES: &[&str] = &[
    "os",
    "posix",
    "nt",
    "posixpath",
    "ntpath",
    "subprocess",
    "_posixsubprocess",
    "commands",
    "popen2",
    "sys",
    "runpy",
    "importlib",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "imp",
    "pkgutil",
    "zipimport",
    "webbrowser",
    "antigravity",
    "socket",
    "_socket",
    "socketserver",
    "ssl",
    "http",
    "httplib",
    "urllib",
    "urllib2",
    "requests",
    "aiohttp",
    "ftplib",
    "smtplib",
    "telnetlib",
    "poplib",
    "imaplib",
    "xmlrpc",
    "shutil",
    "pickle",
    "_pickle",
    "cPickle",
    "pickletools",
    "dill",
    "_dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "code",
    "codeop",
    "pty",
    "ctypes",
    "_ctypes",
    "cffi",
    "multiprocessing",
    "concurrent",
    "asyncio",
    "threading",
    "_thread",
    "pdb",
    "bdb",
    "cProfile",
    "profile",
    "timeit",
    "trace",
    "doctest",
    "pydoc",
    "gc",
    "pip",
    "setuptools",
    "ensurepip",
    "distutils",
];

/// Functions that run what they are given, whatever module they are said to be of.
const FUNCTIONS: &[&str] = &[
    "system",
    "popen",
    "Popen",
    "eval",
    "exec",
    "execfile",
    "compile",
    "open",
    "getattr",
    "setattr",
    "delattr",
    "globals",
    "locals",
    "vars",
    "input",
    "raw_input",
    "breakpoint",
    "apply",
    "runstring",
    "run_path",
    "run_module",
    "run_code",
    "import_module",
    "load_module",
    "load",
    "loads",
    "unsafe_load",
    "read_pickle",
    "call",
    "check_call",
    "check_output",
    "getoutput",
    "spawn",
    "fork",
    "rmtree",
    "remove",
    "unlink",
    "_load_from_bytes",
];

/// Single names of modules that are harmless otherwise.
const NAMES: &[(&str, &str)] = &[
    ("types", "FunctionType"),
    ("types", "LambdaType"),
    ("types", "CodeType"),
    ("types", "MethodType"),
    ("types", "ModuleType"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("_operator", "attrgetter"),
    ("_operator", "methodcaller"),
    ("functools", "reduce"),
    ("logging.config", "listen"),
    ("platform", "popen"),
    ("uuid", "_get_command_stdout"),
    ("io", "FileIO"),
    ("_io", "FileIO"),
];

/// What of Python's built-in names is a plain value's class; the others are functions.
const BUILTIN_CLASSES: &[&str] = &[
    "object",
    "set",
    "frozenset",
    "bytearray",
    "bytes",
    "complex",
    "slice",
    "range",
    "xrange",
    "dict",
    "list",
    "tuple",
    "int",
    "long",
    "float",
    "str",
    "unicode",
    "bool",
    "type",
    "NotImplemented",
    "Ellipsis",
    "property",
];

/// The value that `module.name` stands for.
///
/// # Errors
/// The name, if an attack would be made of it.
pub(super) fn named(module: &str, name: &str) -> Result<Value, String> {
    if let Some(known) = known(module, name) {
        return Ok(Value::Global(known));
    }
    if is_attack(module, name) {
        return Err(format!(
            "the file names “{module}.{name}”, which no weight file needs and which may run code; save \
             the state_dict alone: torch.save(model.state_dict(), …)"
        ));
    }
    Ok(Value::Class(Arc::from(format!("{module}.{name}"))))
}

fn is_attack(module: &str, name: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    if matches!(top, "builtins" | "__builtin__" | "__builtins__") {
        let is_error = name.ends_with("Error") || name.ends_with("Exception");
        return !BUILTIN_CLASSES.contains(&name) && !is_error;
    }
    MODULES.contains(&top)
        || NAMES.contains(&(module, name))
        || is_attack_of_a_library(module)
        // `torch.hub` names `os`, so that `torch.hub` and `os.system` name it too.
        || name.split('.').any(|part| {
            FUNCTIONS.contains(&part)
                || (part.starts_with("__") && part.ends_with("__"))
                || part.starts_with("exec")
                || part.starts_with("spawn")
                || (name.contains('.') && MODULES.contains(&part))
        })
        || module
            .split('.')
            .skip(1)
            .any(|part| matches!(part, "os" | "sys" | "subprocess" | "socket" | "builtins" | "ctypes" | "importlib"))
}

/// Parts of libraries that fetch, compile or load code.
fn is_attack_of_a_library(module: &str) -> bool {
    const PARTS: &[&str] = &[
        "torch.hub",
        "torch.package",
        "torch.jit",
        "torch.serialization",
        "torch.utils.cpp_extension",
        "torch.utils.model_zoo",
        "torch.utils.collect_env",
        "torch.distributed.run",
        "torch.testing",
        "numpy.testing",
        "numpy.f2py",
        "numpy.distutils",
    ];
    PARTS.iter().any(|part| {
        module == *part
            || module
                .strip_prefix(part)
                .is_some_and(|rest| rest.starts_with('.'))
    })
}

fn known(module: &str, name: &str) -> Option<Global> {
    let element = match (module, name) {
        ("collections", "OrderedDict") => return Some(Global::OrderedDict),
        ("argparse", "Namespace") | ("types", "SimpleNamespace") => return Some(Global::Namespace),
        ("torch", "Size") => return Some(Global::Size),
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => {
            return Some(Global::RebuildTensor);
        }
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            return Some(Global::RebuildParameter);
        }
        ("torch._tensor", "_rebuild_from_type_v2") => return Some(Global::RebuildFromType),
        ("copy_reg" | "copyreg", "_reconstructor") => return Some(Global::Reconstructor),
        ("torch" | "torch.cuda", storage) => storage_type(storage)?,
        _ => return None,
    };
    Some(Global::Storage(element))
}

fn storage_type(name: &str) -> Option<ElementType> {
    Some(match name {
        "FloatStorage" => ElementType::Float,
        "DoubleStorage" => ElementType::Double,
        "HalfStorage" => ElementType::Half,
        "BFloat16Storage" => ElementType::BFloat16,
        "LongStorage" => ElementType::Long,
        "IntStorage" => ElementType::Int,
        "ShortStorage" => ElementType::Short,
        "CharStorage" => ElementType::Char,
        "ByteStorage" => ElementType::Byte,
        "BoolStorage" => ElementType::Bool,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_attacks_are_made_of_is_refused_by_name() {
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("nt", "system"),
            ("subprocess", "Popen"),
            ("builtins", "eval"),
            ("__builtin__", "exec"),
            ("builtins", "getattr"),
            ("builtins", "__import__"),
            ("builtins", "map"),
            ("runpy", "run_path"),
            ("importlib", "import_module"),
            ("webbrowser", "open"),
            ("socket", "socket"),
            ("shutil", "rmtree"),
            ("pickle", "loads"),
            ("_pickle", "Unpickler"),
            ("torch", "load"),
            ("torch.hub", "load"),
            ("torch.hub", "download_url_to_file"),
            ("torch.serialization", "os.system"),
            ("torch.storage", "_load_from_bytes"),
            ("numpy.testing._private.utils", "runstring"),
            ("types", "FunctionType"),
            ("marshal", "loads"),
            ("code", "InteractiveInterpreter"),
            ("pty", "spawn"),
            ("operator", "attrgetter"),
            ("cloudpickle.cloudpickle", "_make_function"),
            ("timm.models.os", "system"),
            ("my.package", "helper.__globals__"),
            ("collections", "OrderedDict.__init__.__globals__"),
            ("ctypes", "CDLL"),
            ("asyncio.unix_events", "_UnixSubprocessTransport._start"),
            ("pathlib", "Path.unlink"),
        ] {
            let error = named(module, name).unwrap_err();
            assert!(error.contains(&format!("“{module}.{name}”")), "{error}");
        }
    }

    #[test]
    fn classes_of_whoever_trained_are_no_attack() {
        for (module, name) in [
            ("numpy.core.multiarray", "scalar"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy", "dtype"),
            ("numpy", "ndarray"),
            ("numpy.random._pickle", "__randomstate_ctor"),
            ("_codecs", "encode"),
            ("datetime", "datetime"),
            ("pathlib", "PosixPath"),
            ("collections", "Counter"),
            ("collections", "defaultdict"),
            ("builtins", "set"),
            ("__builtin__", "set"),
            ("torch", "device"),
            ("torch", "float32"),
            ("functools", "partial"),
            ("lightning.fabric.utilities.data", "AttributeDict"),
            ("pytorch_lightning.utilities.parsing", "AttributeDict"),
            ("torch.optim.adam", "Adam"),
            ("omegaconf.dictconfig", "DictConfig"),
            ("__main__", "Config"),
            ("mmengine.logging.history_buffer", "HistoryBuffer"),
            ("uuid", "UUID"),
            ("decimal", "Decimal"),
        ] {
            assert!(
                matches!(named(module, name), Ok(Value::Class(_))),
                "{module}.{name}"
            );
        }
    }
}
