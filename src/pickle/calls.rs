//! Calls, worked out as data: those few that make dictionaries and tensors. What any other would make is an [`Object`].

use super::machine::Machine;
use super::{
    Global, Id, Kind, MAX_DIMENSIONS, MAX_KEY_BYTES, MAX_VALUES, Object, Storage, TensorView, Value,
};

/// No known function takes more arguments; a long tuple that is passed again and again would take for ever.
fn first(arguments: &[Id]) -> Vec<Id> {
    arguments.iter().take(9).copied().collect()
}

impl Machine<'_> {
    /// A storage, named by ('storage', type, key, location, length).
    pub(super) fn persistent(&mut self) -> Result<(), String> {
        let id = self.pop()?;
        let Value::Tuple(items) = self.value(id) else {
            return Err("a persistent identifier is no tuple".into());
        };
        let field = |index: usize| items.get(index).map(|id| self.value(*id));
        let made = match (field(0), field(1), field(2)) {
            (
                Some(Value::Text(tag)),
                Some(Value::Global(Global::Storage(element))),
                Some(Value::Text(key)),
            ) => {
                let Some(Value::Int(length)) = field(4) else {
                    return Err("a storage has no length".into());
                };
                if tag != "storage"
                    || key.len() > MAX_KEY_BYTES
                    || !matches!(field(5), None | Some(Value::None))
                {
                    return Err("a storage is described in a way that is not known".into());
                }
                let length =
                    u64::try_from(*length).map_err(|_| "a storage's length is out of range")?;
                Value::Storage(Storage {
                    element: *element,
                    key: key.clone(),
                    length,
                })
            }
            // Numbers of a kind that no weights here have; or, in the old layout, a network's class.
            (Some(Value::Text(_)), Some(Value::Class(class)), _) => {
                Value::Object(Object::new(class))
            }
            _ => return Err("a persistent identifier names no storage".into()),
        };
        self.push(made)
    }

    /// Calls of the few known functions, worked out as data.
    pub(super) fn reduce(&mut self) -> Result<(), String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let made = match (self.value(function), self.value(arguments)) {
            (Value::Global(function), Value::Tuple(arguments)) => {
                let (function, arguments) = (*function, first(arguments));
                self.call(function, &arguments)?
            }
            // `Object` too: methods of what is passed over.
            (Value::Class(class) | Value::Object(Object { class, .. }), _) => {
                Value::Object(Object::new(class))
            }
            _ => return Err("something that is no known function is called".into()),
        };
        self.push(made)
    }

    fn call(&mut self, function: Global, arguments: &[Id]) -> Result<Value, String> {
        Ok(match (function, arguments) {
            (Global::Numpy(function), arguments) => self.call_numpy(function, arguments)?,
            (Global::OrderedDict, []) => Value::Dict(Vec::new()),
            (Global::OrderedDict, [pairs]) => {
                let pairs = self.pairs(*pairs)?;
                self.copied += pairs.len();
                if self.copied > MAX_VALUES {
                    return Err("the pickle makes too many values".into());
                }
                Value::Dict(pairs)
            }
            (Global::Namespace, _) => Value::Dict(Vec::new()),
            (Global::Size, [sizes]) => match self.value(*sizes) {
                Value::Tuple(sizes) | Value::List(sizes) if sizes.len() <= MAX_DIMENSIONS => {
                    Value::Tuple(sizes.clone())
                }
                _ => return Err("torch.Size of something that is no short list".into()),
            },
            (Global::RebuildTensor, [storage, offset, shape, strides, ..]) => {
                match self.value(*storage) {
                    Value::Storage(storage) => {
                        let storage = storage.clone();
                        let offset = self.natural(*offset)?;
                        let (shape, strides) = (self.naturals(*shape)?, self.naturals(*strides)?);
                        if shape.len() != strides.len() {
                            return Err("a tensor's shape and strides do not match".into());
                        }
                        Value::Tensor(TensorView {
                            storage,
                            offset,
                            shape,
                            strides,
                        })
                    }
                    Value::Object(kind) => Value::Object(Object::new(&kind.class)),
                    _ => return Err("a tensor is built on something that is no storage".into()),
                }
            }
            (Global::RebuildParameter, [tensor, ..]) => match self.value(*tensor) {
                Value::Tensor(view) => Value::Tensor(view.clone()),
                Value::Object(kind) => Value::Object(Object::new(&kind.class)),
                _ => return Err("a parameter is built on something that is no tensor".into()),
            },
            (Global::RebuildFromType, [function, class, arguments, ..]) => {
                match (self.value(*function), self.value(*arguments)) {
                    (
                        Value::Global(
                            function @ (Global::RebuildTensor | Global::RebuildParameter),
                        ),
                        Value::Tuple(arguments),
                    ) => {
                        let (function, arguments) = (*function, first(arguments));
                        self.call(function, &arguments)?
                    }
                    (Value::Class(function), _) => Value::Object(Object::new(function)),
                    _ => match self.value(*class) {
                        Value::Class(class) => Value::Object(Object::new(class)),
                        _ => {
                            return Err(
                                "a tensor's class is made in a way that is not known".into()
                            );
                        }
                    },
                }
            }
            (Global::Reconstructor, [class, ..]) => self.object_of(*class)?,
            (function, arguments) => {
                return Err(format!(
                    "{function:?} is called with {} arguments",
                    arguments.len()
                ));
            }
        })
    }

    /// `cls.__new__(cls)`: a dictionary of the two classes that are dictionaries to us.
    pub(super) fn new_object(&mut self) -> Result<(), String> {
        let (arguments, class) = (self.pop()?, self.pop()?);
        let is_bare =
            matches!(self.value(arguments), Value::Tuple(arguments) if arguments.is_empty());
        let made = match self.value(class) {
            Value::Global(Global::OrderedDict | Global::Namespace) if !is_bare => {
                return Err("an object of a class that is not known is made".into());
            }
            _ => self.object_of(class)?,
        };
        self.push(made)
    }

    /// What the oldest protocols make of a class at once.
    pub(super) fn instance(&mut self, class: &Value) -> Result<(), String> {
        match class {
            Value::Class(class) => self.push(Value::Object(Object::new(class))),
            _ => Err("an object of a class that is not known is made".into()),
        }
    }

    fn object_of(&self, class: Id) -> Result<Value, String> {
        match self.value(class) {
            Value::Global(Global::OrderedDict | Global::Namespace) => Ok(Value::Dict(Vec::new())),
            Value::Class(class) | Value::Object(Object { class, .. }) => {
                Ok(Value::Object(Object::new(class)))
            }
            _ => Err("an object of a class that is not known is made".into()),
        }
    }

    /// Python sets attributes; of those a state_dict has only `_metadata`, which says nothing of weights.
    pub(super) fn build(&mut self) -> Result<(), String> {
        let state = self.pop()?;
        if self.kind == Kind::Arrays {
            return self.build_numpy(state);
        }
        // A pair is a class's attributes and its slots.
        let state = match self.value(state) {
            Value::Tuple(pair) => pair.first().copied().unwrap_or(state),
            _ => state,
        };
        let is_dictionary = matches!(self.value(state), Value::Dict(_));
        let target = self.stack.last().copied();
        match target.and_then(|target| self.values.get_mut(target)) {
            Some(Value::Object(object)) => {
                object.state = is_dictionary.then_some(state);
                Ok(())
            }
            Some(Value::Dict(_) | Value::List(_) | Value::Tensor(_)) => Ok(()),
            _ => Err("attributes are set on something that is no dictionary".into()),
        }
    }

    fn pairs(&self, id: Id) -> Result<Vec<(Id, Id)>, String> {
        let (Value::List(items) | Value::Tuple(items)) = self.value(id) else {
            return Err("OrderedDict of something that is no list".into());
        };
        let pair = |id: &Id| match self.value(*id) {
            Value::Tuple(pair) | Value::List(pair) => match pair.as_slice() {
                [key, value] => Ok((*key, *value)),
                _ => Err("OrderedDict of something that is no list of pairs".to_string()),
            },
            _ => Err("OrderedDict of something that is no list of pairs".to_string()),
        };
        items.iter().map(pair).collect()
    }

    pub(super) fn natural(&self, id: Id) -> Result<u64, String> {
        match self.value(id) {
            Value::Int(value) => u64::try_from(*value).map_err(|_| "a size is out of range".into()),
            _ => Err("a size is no number".into()),
        }
    }

    pub(super) fn naturals(&self, id: Id) -> Result<Vec<u64>, String> {
        match self.value(id) {
            Value::Tuple(items) | Value::List(items) if items.len() <= MAX_DIMENSIONS => {
                items.iter().map(|id| self.natural(*id)).collect()
            }
            _ => Err("a shape is no short tuple".into()),
        }
    }
}
