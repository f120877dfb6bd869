//! Layers by path: every tensor and module of a network is registered here while it is built.

use tch::{Device, Kind, Tensor};

use super::super::ModelError;
use super::super::init::{self, ConvInit, LinearInit};
use super::super::parameters::{Entry, OUTSIDE_TREE, ParameterStore, Role};
use super::{
    Activation, ActivationKind, BatchNorm, Conv2d, ConvNorm, ConvSpec, Linear, MaxPool2d, NormSpec,
};

/// One module in the order of definition, which is that of torchvision's `named_modules()`.
#[derive(Debug, Clone)]
pub(in super::super) struct ModuleRecord {
    pub path: String,
    pub kind: String,
    pub detail: String,
    /// Weights and biases of its own, not of modules inside it.
    pub parameters: u64,
    pub is_leaf: bool,
}

/// Everything that building a network left behind beside its layers.
#[derive(Debug, Default)]
pub(in super::super) struct Blueprint {
    pub modules: Vec<ModuleRecord>,
    pub leaves: usize,
    pub store: ParameterStore,
}

/// How the builder fills new tensors.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Filling {
    /// `None` leaves weights as the memory was: for layer trees only.
    pub weights: Option<(ConvInit, LinearInit)>,
    pub device: Device,
}

/// Creates layers under the path that it stands at.
pub(in super::super) struct Builder {
    filling: Filling,
    path: Vec<String>,
    blueprint: Blueprint,
}

impl Builder {
    pub fn new(filling: Filling) -> Self {
        Self {
            filling,
            path: Vec::new(),
            blueprint: Blueprint::default(),
        }
    }

    pub fn finish(self) -> Blueprint {
        self.blueprint
    }

    /// Number of leaf layers so far: where the next segment begins.
    pub fn leaves(&self) -> usize {
        self.blueprint.leaves
    }

    /// A container `name` of torchvision's class `kind`; `build` makes what is inside it. The
    /// container's module number comes first.
    pub fn container<T>(
        &mut self,
        name: &str,
        kind: &str,
        build: impl FnOnce(&mut Self, usize) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let module = self.module(name, kind, String::new(), 0, false);
        self.path.push(name.to_string());
        let built = build(self, module);
        self.path.pop();
        built
    }

    /// A path that the tree does not show: what is inside belongs to the original classifier.
    pub fn container_outside_tree<T>(
        &mut self,
        name: &str,
        build: impl FnOnce(&mut Self) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        self.path.push(name.to_string());
        let built = build(self);
        self.path.pop();
        built
    }

    pub fn conv(&mut self, name: &str, spec: ConvSpec) -> Result<Conv2d, ModelError> {
        let fan_in = spec.inputs / spec.groups * spec.kernel * spec.kernel;
        let shape = [
            spec.outputs,
            spec.inputs / spec.groups,
            spec.kernel,
            spec.kernel,
        ];
        let leaf = self.leaf(name, "Conv2d", spec.detail(), spec.parameters());
        let mut weight = self.empty(&shape)?;
        if let Some((conv, _)) = self.filling.weights {
            init::fill_conv(&mut weight, conv)?;
        }
        let weight = self.register(name, "weight", weight, Role::Parameter, leaf.1);
        let bias = if spec.bias {
            let mut bias = self.empty(&[spec.outputs])?;
            if let Some((conv, _)) = self.filling.weights {
                init::fill_conv_bias(&mut bias, fan_in, conv)?;
            }
            Some(self.register(name, "bias", bias, Role::Parameter, leaf.1))
        } else {
            None
        };
        Ok(Conv2d {
            weight,
            bias,
            spec,
            module: leaf.0,
            leaf: leaf.1,
        })
    }

    pub fn norm(&mut self, name: &str, spec: NormSpec) -> Result<BatchNorm, ModelError> {
        let (module, leaf) = self.leaf(
            name,
            "BatchNorm2d",
            spec.features.to_string(),
            2 * spec.features as u64,
        );
        self.norm_at(name, spec, module, leaf)
    }

    /// A head's BatchNorm1d over `features` values, with PyTorch's constants: in the store, not in a tree.
    pub fn head_norm(&mut self, name: &str, features: i64) -> Result<BatchNorm, ModelError> {
        let spec = NormSpec {
            features,
            eps: 1e-5,
            momentum: 0.1,
        };
        self.norm_at(name, spec, OUTSIDE_TREE, OUTSIDE_TREE)
    }

    fn norm_at(
        &mut self,
        name: &str,
        spec: NormSpec,
        module: usize,
        leaf: usize,
    ) -> Result<BatchNorm, ModelError> {
        let options = (Kind::Float, self.filling.device);
        let size = [spec.features];
        let weight = self.register(
            name,
            "weight",
            Tensor::f_ones(size, options)?,
            Role::Parameter,
            leaf,
        );
        let bias = self.register(
            name,
            "bias",
            Tensor::f_zeros(size, options)?,
            Role::Parameter,
            leaf,
        );
        let mean = self.register(
            name,
            "running_mean",
            Tensor::f_zeros(size, options)?,
            Role::Buffer,
            leaf,
        );
        let variance = self.register(
            name,
            "running_var",
            Tensor::f_ones(size, options)?,
            Role::Buffer,
            leaf,
        );
        let count = Tensor::f_zeros([0i64; 0], (Kind::Int64, self.filling.device))?;
        let batches = self.register(name, "num_batches_tracked", count, Role::Buffer, leaf);
        Ok(BatchNorm {
            weight,
            bias,
            mean,
            variance,
            batches,
            spec,
            module,
            leaf,
        })
    }

    /// A convolution and the normalisation after it, under their own names.
    pub fn conv_norm(
        &mut self,
        conv: (&str, ConvSpec),
        norm: (&str, f64, f64),
    ) -> Result<ConvNorm, ModelError> {
        let features = conv.1.outputs;
        let (norm_name, eps, momentum) = norm;
        Ok(ConvNorm {
            conv: self.conv(conv.0, conv.1)?,
            norm: self.norm(
                norm_name,
                NormSpec {
                    features,
                    eps,
                    momentum,
                },
            )?,
        })
    }

    pub fn activation(&mut self, name: &str, kind: ActivationKind) -> Activation {
        let (module, _) = self.leaf(name, kind.class_name(), String::new(), 0);
        Activation {
            kind,
            module: Some(module),
        }
    }

    pub fn max_pool(&mut self, name: &str, kernel: i64, stride: i64, padding: i64) -> MaxPool2d {
        let (module, _) = self.leaf(
            name,
            "MaxPool2d",
            format!("{kernel} × {kernel}, stride {stride}"),
            0,
        );
        MaxPool2d {
            kernel,
            stride,
            padding,
            module,
        }
    }

    /// A fully connected layer of the original classifier or of a head: in the store, not in the tree.
    pub fn classifier(
        &mut self,
        name: &str,
        inputs: i64,
        outputs: i64,
    ) -> Result<Linear, ModelError> {
        let mut weight = self.empty(&[outputs, inputs])?;
        let mut bias = self.empty(&[outputs])?;
        if let Some((_, linear)) = self.filling.weights {
            init::fill_linear(&mut weight, &mut bias, linear)?;
        }
        let weight = self.register(name, "weight", weight, Role::Parameter, OUTSIDE_TREE);
        let bias = self.register(name, "bias", bias, Role::Parameter, OUTSIDE_TREE);
        Ok(Linear { weight, bias })
    }

    fn empty(&self, shape: &[i64]) -> Result<Tensor, ModelError> {
        Ok(Tensor::f_empty(shape, (Kind::Float, self.filling.device))?)
    }

    fn full_path(&self, name: &str) -> String {
        let mut path = self.path.join(".");
        if !path.is_empty() {
            path.push('.');
        }
        path + name
    }

    fn module(
        &mut self,
        name: &str,
        kind: &str,
        detail: String,
        parameters: u64,
        is_leaf: bool,
    ) -> usize {
        let record = ModuleRecord {
            path: self.full_path(name),
            kind: kind.into(),
            detail,
            parameters,
            is_leaf,
        };
        self.blueprint.modules.push(record);
        self.blueprint.modules.len() - 1
    }

    /// Module and leaf number.
    fn leaf(&mut self, name: &str, kind: &str, detail: String, parameters: u64) -> (usize, usize) {
        let module = self.module(name, kind, detail, parameters, true);
        self.blueprint.leaves += 1;
        (module, self.blueprint.leaves - 1)
    }

    /// Keeps `tensor` in the store and returns another handle on the same values.
    fn register(
        &mut self,
        name: &str,
        suffix: &str,
        tensor: Tensor,
        role: Role,
        leaf: usize,
    ) -> Tensor {
        let handle = tensor.shallow_clone();
        let name = format!("{}.{suffix}", self.full_path(name));
        self.blueprint.store.entries.push(Entry {
            name,
            tensor,
            role,
            leaf,
        });
        handle
    }
}
