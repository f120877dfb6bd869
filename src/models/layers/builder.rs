//! Layers by path: every tensor and module of a network is registered here while it is built.

use tch::{Device, Kind, Tensor};

use super::super::ModelError;
use super::super::fold::channels_last;
use super::super::init::{Init, WeightInit};
use super::super::parameters::{AUXILIARY, OUTSIDE_TREE, ParameterEntry, ParameterStore, Role};
use super::{
    Activation, ActivationKind, AvgPool2d, BatchNorm, Conv2d, ConvNorm, ConvSpec, Dropout,
    LayerNorm, LayerScale, Linear, Marker, MaxPool2d, MultiheadAttention, NormSpec,
    StochasticDepth,
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

/// Where the builder puts new tensors, and whether it fills them.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Filling {
    /// Otherwise weights are left as the memory was: for layer trees, and where other values
    /// follow at once.
    pub initialise: bool,
    pub device: Device,
}

/// Creates layers under the path that it stands at.
pub(in super::super) struct Builder {
    filling: Filling,
    conv_init: Init,
    linear_init: Init,
    /// The leaf that all belongs to while it is built outside the tree.
    outside: Option<usize>,
    path: Vec<String>,
    blueprint: Blueprint,
}

impl Builder {
    /// Layers begin as PyTorch's own do until [`Builder::initialise`] says otherwise.
    pub fn new(filling: Filling) -> Self {
        Self {
            filling,
            conv_init: Init::PYTORCH,
            linear_init: Init::PYTORCH,
            outside: None,
            path: Vec::new(),
            blueprint: Blueprint::default(),
        }
    }

    /// How convolutions and fully connected layers begin from here on.
    pub fn initialise(&mut self, conv: Init, linear: Init) {
        self.conv_init = conv;
        self.linear_init = linear;
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
    ///
    /// # Errors
    /// Those of `build`.
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

    /// Layers that the tree does not show: the original classifier, or a head.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn classifier<T>(
        &mut self,
        build: impl FnOnce(&mut Self) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        self.outside(OUTSIDE_TREE, build)
    }

    /// A classifier half-way: its names are kept, it is never run.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn auxiliary<T>(
        &mut self,
        build: impl FnOnce(&mut Self) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        self.outside(AUXILIARY, build)
    }

    fn outside<T>(
        &mut self,
        leaf: usize,
        build: impl FnOnce(&mut Self) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        self.outside = Some(leaf);
        let built = build(self);
        self.outside = None;
        built
    }

    /// A convolution, a leaf called `name`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn conv(&mut self, name: &str, spec: ConvSpec) -> Result<Conv2d, ModelError> {
        let [height, width] = spec.kernel;
        let shape = [spec.outputs, spec.inputs / spec.groups, height, width];
        let (module, leaf) = self.leaf(name, "Conv2d", spec.detail(), spec.parameters());
        let mut weight = self.empty(&shape)?;
        let mut bias = spec.bias.then(|| self.empty(&[spec.outputs])).transpose()?;
        if self.filling.initialise {
            let init = self.conv_init.grouped(spec.groups);
            init.fill(&mut weight, bias.as_mut())?;
        }
        if self.filling.device.is_cuda() {
            // Pictures come so, and a kernel in another order would be turned round in every step.
            weight = channels_last(&weight)?;
        }
        let weight = self.register(name, "weight", weight, Role::Parameter, leaf)?;
        let bias = bias
            .map(|bias| self.register(name, "bias", bias, Role::Parameter, leaf))
            .transpose()?;
        Ok(Conv2d {
            weight,
            bias,
            spec,
            module,
            leaf,
        })
    }

    /// A BatchNorm, a leaf called `name`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn norm(&mut self, name: &str, spec: NormSpec) -> Result<BatchNorm, ModelError> {
        self.batch_norm(name, "BatchNorm2d", spec.features.to_string(), spec)
    }

    fn batch_norm(
        &mut self,
        name: &str,
        kind: &str,
        detail: String,
        spec: NormSpec,
    ) -> Result<BatchNorm, ModelError> {
        let features = spec.features;
        let (module, leaf) = self.leaf(name, kind, detail, 2 * features as u64);
        let (weight, bias) = self.scale_and_offset(name, features, leaf)?;
        let options = (Kind::Float, self.filling.device);
        let mean = Tensor::f_zeros([features], options)?;
        let mean = self.register(name, "running_mean", mean, Role::Buffer, leaf)?;
        let variance = Tensor::f_ones([features], options)?;
        let variance = self.register(name, "running_var", variance, Role::Buffer, leaf)?;
        let count = Tensor::f_zeros([0i64; 0], (Kind::Int64, self.filling.device))?;
        let batches = self.register(name, "num_batches_tracked", count, Role::Buffer, leaf)?;
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

    /// `kind` is `LayerNorm`, or torchvision's `LayerNorm2d` over the channels of a grid.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn layer_norm(
        &mut self,
        name: &str,
        kind: &str,
        features: i64,
        eps: f64,
    ) -> Result<LayerNorm, ModelError> {
        let (module, leaf) = self.leaf(name, kind, features.to_string(), 2 * features as u64);
        let (weight, bias) = self.scale_and_offset(name, features, leaf)?;
        Ok(LayerNorm {
            weight,
            bias,
            eps,
            module,
        })
    }

    /// What a normalisation multiplies by and adds: ones and zeros.
    fn scale_and_offset(
        &mut self,
        name: &str,
        features: i64,
        leaf: usize,
    ) -> Result<(Tensor, Tensor), ModelError> {
        let options = (Kind::Float, self.filling.device);
        let scale = Tensor::f_ones([features], options)?;
        let scale = self.register(name, "weight", scale, Role::Parameter, leaf)?;
        let offset = Tensor::f_zeros([features], options)?;
        let offset = self.register(name, "bias", offset, Role::Parameter, leaf)?;
        Ok((scale, offset))
    }

    /// A convolution and the normalisation after it, under their own names; the norm's eps
    /// follows.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn conv_norm(
        &mut self,
        conv: (&str, ConvSpec),
        norm: (&str, f64),
    ) -> Result<ConvNorm, ModelError> {
        let features = conv.1.outputs;
        let (norm_name, eps) = norm;
        Ok(ConvNorm {
            conv: self.conv(conv.0, conv.1)?,
            norm: self.norm(norm_name, NormSpec { features, eps })?,
        })
    }

    /// A convolution and timm's `BatchNormAct2d`, which holds the nonlinearity after it: one leaf. The norm's eps
    /// follows.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn conv_norm_act(
        &mut self,
        conv: (&str, ConvSpec),
        norm: (&str, f64),
        activation: Option<ActivationKind>,
    ) -> Result<ConvNorm, ModelError> {
        let features = conv.1.outputs;
        let (norm_name, eps) = norm;
        let detail = match activation {
            Some(kind) => format!("{features}, {}", kind.class_name()),
            None => features.to_string(),
        };
        let spec = NormSpec { features, eps };
        Ok(ConvNorm {
            conv: self.conv(conv.0, conv.1)?,
            norm: self.batch_norm(norm_name, "BatchNormAct2d", detail, spec)?,
        })
    }

    /// Weights of a new network that begin at 0; where other values follow they stay as they are.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn begin_at_zero(&self, weight: &Tensor) -> Result<(), ModelError> {
        if self.filling.initialise {
            let _ = weight.shallow_clone().f_zero_()?;
        }
        Ok(())
    }

    pub fn activation(&mut self, name: &str, kind: ActivationKind) -> Activation {
        let (module, _) = self.leaf(name, kind.class_name(), String::new(), 0);
        Activation {
            kind,
            module: Some(module),
        }
    }

    pub fn max_pool(&mut self, name: &str, kernel: i64, stride: i64, padding: i64) -> MaxPool2d {
        let detail = format!("{kernel} × {kernel}, stride {stride}");
        let (module, _) = self.leaf(name, "MaxPool2d", detail, 0);
        MaxPool2d {
            kernel,
            stride,
            padding,
            ceil: false,
            module: Some(module),
        }
    }

    pub fn avg_pool(&mut self, name: &str, kernel: i64, stride: i64) -> AvgPool2d {
        let detail = format!("{kernel} × {kernel}, stride {stride}");
        let (module, _) = self.leaf(name, "AvgPool2d", detail, 0);
        AvgPool2d {
            kernel,
            stride,
            padding: 0,
            module: Some(module),
        }
    }

    /// A fully connected layer, a leaf called `name`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn linear(&mut self, name: &str, inputs: i64, outputs: i64) -> Result<Linear, ModelError> {
        self.linear_with(name, inputs, outputs, true)
    }

    /// The same without a bias.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn linear_unbiased(
        &mut self,
        name: &str,
        inputs: i64,
        outputs: i64,
    ) -> Result<Linear, ModelError> {
        self.linear_with(name, inputs, outputs, false)
    }

    fn linear_with(
        &mut self,
        name: &str,
        inputs: i64,
        outputs: i64,
        is_biased: bool,
    ) -> Result<Linear, ModelError> {
        let parameters = ((inputs + i64::from(is_biased)) * outputs) as u64;
        let (module, leaf) = self.leaf(name, "Linear", format!("{inputs} → {outputs}"), parameters);
        let (weight, bias) = self.linear_tensors(&[outputs, inputs])?;
        let weight = self.register(name, "weight", weight, Role::Parameter, leaf)?;
        let bias = match is_biased {
            true => Some(self.register(name, "bias", bias, Role::Parameter, leaf)?),
            false => None,
        };
        Ok(Linear {
            weight,
            bias,
            module,
        })
    }

    /// timm's `LayerScale`, a leaf called `name` that begins with `value`.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn layer_scale(
        &mut self,
        name: &str,
        features: i64,
        value: f64,
    ) -> Result<LayerScale, ModelError> {
        let (module, leaf) = self.leaf(name, "LayerScale", features.to_string(), features as u64);
        let mut scale = self.empty(&[features])?;
        if self.filling.initialise {
            WeightInit::Constant(value).fill(&mut scale)?;
        }
        let scale = self.register(name, "gamma", scale, Role::Parameter, leaf)?;
        Ok(LayerScale { scale, module })
    }

    /// Its input projection begins as Glorot and Bengio's (2010) with a zero bias, its output
    /// projection as a fully connected layer of PyTorch's with a zero bias: what PyTorch's own
    /// `MultiheadAttention` does, whatever the network around it.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn multihead_attention(
        &mut self,
        name: &str,
        features: i64,
        heads: i64,
    ) -> Result<MultiheadAttention, ModelError> {
        let detail = format!("{features}, {heads} heads");
        let parameters = (4 * features * (features + 1)) as u64;
        let (module, leaf) = self.leaf(name, "MultiheadAttention", detail, parameters);
        let mut projection = |prefix: &str, outputs: i64, weight_init: WeightInit| {
            let mut weight = self.empty(&[outputs, features])?;
            let mut bias = self.empty(&[outputs])?;
            if self.filling.initialise {
                Init::zero_bias(weight_init).fill(&mut weight, Some(&mut bias))?;
            }
            let mut keep = |kind: &str, tensor| {
                self.register(
                    name,
                    &format!("{prefix}{kind}"),
                    tensor,
                    Role::Parameter,
                    leaf,
                )
            };
            Ok::<_, ModelError>((keep("weight", weight)?, keep("bias", bias)?))
        };
        let (in_weight, in_bias) = projection("in_proj_", 3 * features, WeightInit::XavierUniform)?;
        let (out_weight, out_bias) = projection("out_proj.", features, WeightInit::KaimingUniform)?;
        Ok(MultiheadAttention {
            in_weight,
            in_bias,
            out_weight,
            out_bias,
            heads,
            module,
        })
    }

    /// A tensor that a container holds itself: a leaf of its own here, so that it can be frozen.
    /// Gives its module number too.
    /// The tensor has the given shape.
    ///
    /// # Errors
    /// libtorch's own.
    pub fn parameter(
        &mut self,
        name: &str,
        shape: &[i64],
        init: WeightInit,
    ) -> Result<(Tensor, usize), ModelError> {
        let count: i64 = shape.iter().product();
        let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
        let (module, leaf) = self.leaf(name, "Parameter", sides.join(" × "), count as u64);
        let mut tensor = self.empty(shape)?;
        if self.filling.initialise {
            init.fill(&mut tensor)?;
        }
        let path = self.full_path(name);
        Ok((self.keep(path, tensor, Role::Parameter, leaf)?, module))
    }

    pub fn dropout(&mut self, name: &str, share: f64) -> Dropout {
        let (module, leaf) = self.leaf(name, "Dropout", format!("{share:.2}"), 0);
        Dropout {
            share,
            module,
            leaf,
        }
    }

    pub fn stochastic_depth(&mut self, name: &str, share: f64) -> StochasticDepth {
        let (module, leaf) = self.leaf(name, "StochasticDepth", format!("{share:.3}"), 0);
        StochasticDepth {
            share,
            module,
            leaf,
        }
    }

    /// A leaf of PyTorch's class `kind` without parameters or choices.
    pub fn marker(&mut self, name: &str, kind: &str, detail: &str) -> Marker {
        let (module, _) = self.leaf(name, kind, detail.into(), 0);
        Marker { module }
    }

    fn linear_tensors(&self, shape: &[i64; 2]) -> Result<(Tensor, Tensor), ModelError> {
        let mut weight = self.empty(shape)?;
        let mut bias = self.empty(&shape[..1])?;
        if self.filling.initialise {
            self.linear_init.fill(&mut weight, Some(&mut bias))?;
        }
        Ok((weight, bias))
    }

    /// Where weights are drawn, it is on the processor: one seed gives the same ones on every device.
    fn empty(&self, shape: &[i64]) -> Result<Tensor, ModelError> {
        let device = if self.filling.initialise {
            Device::Cpu
        } else {
            self.filling.device
        };
        Ok(Tensor::f_empty(shape, (Kind::Float, device))?)
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
        if self.outside.is_some() {
            return OUTSIDE_TREE;
        }
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
        if let Some(leaf) = self.outside {
            return (module, leaf);
        }
        self.blueprint.leaves += 1;
        (module, self.blueprint.leaves - 1)
    }

    /// Keeps a tensor of layer `name` in the store, on the device, and returns another handle on the same values.
    fn register(
        &mut self,
        name: &str,
        suffix: &str,
        tensor: Tensor,
        role: Role,
        leaf: usize,
    ) -> Result<Tensor, ModelError> {
        let name = format!("{}.{suffix}", self.full_path(name));
        self.keep(name, tensor, role, leaf)
    }

    fn keep(
        &mut self,
        name: String,
        tensor: Tensor,
        role: Role,
        leaf: usize,
    ) -> Result<Tensor, ModelError> {
        let tensor = tensor.f_to(self.filling.device)?;
        let handle = tensor.shallow_clone();
        self.blueprint.store.entries.push(ParameterEntry {
            name,
            tensor,
            role,
            leaf,
        });
        Ok(handle)
    }
}
