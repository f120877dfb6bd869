//! The C++ files against libtorch's own ways.

mod threads {
    use tch::{Device, Kind, Tensor};

    use crate::libtorch::threads::end_helpers;

    /// Of this process, at the moment.
    #[cfg(target_os = "linux")]
    fn count(name: &str) -> usize {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap();
        tasks
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
            .filter(|comm| comm.trim() == name)
            .count()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_thread_that_rests_has_no_helpers() {
        const NAME: &str = "graft-resting";
        let work = || {
            // Libtorch may start another pool for that, which only waits.
            tch::set_num_threads(3);
            let alone = count(NAME);
            let tensor = Tensor::ones([1 << 20], (Kind::Float, Device::Cpu));
            let compute = || assert_eq!((&tensor + 1.0).max().double_value(&[]), 2.0);
            compute();
            // Helpers bear the name of the thread that they help.
            assert_eq!(count(NAME), alone + 2);
            end_helpers();
            let mut left = count(NAME);
            for _ in 0..200 {
                if left == alone {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
                left = count(NAME);
            }
            assert_eq!(left, alone);
            // They come back when they are needed.
            compute();
            assert_eq!(count(NAME), alone + 2);
            end_helpers();
        };
        let thread = std::thread::Builder::new().name(NAME.into()).spawn(work);
        thread.unwrap().join().unwrap();
    }
}

mod autocast {
    use tch::{Device, Kind, Tensor};

    use crate::libtorch::autocast::*;

    #[test]
    fn products_are_rounded_while_it_lives_and_gradients_come_back_in_single_precision() {
        let random = |shape: [i64; 2]| Tensor::randn(shape, (Kind::Float, Device::Cpu));
        let (input, weight) = (random([4, 8]), random([8, 3]).set_requires_grad(true));
        let product = {
            let _mixed = Autocast::begin(Device::Cpu, Kind::BFloat16).unwrap();
            input.matmul(&weight)
        };
        assert_eq!(product.kind(), Kind::BFloat16);
        assert_eq!(input.matmul(&weight).kind(), Kind::Float);
        let loss = product.to_kind(Kind::Float).square().sum(Kind::Float);
        let gradients = Tensor::run_backward(&[loss], &[&weight], false, false);
        assert_eq!(gradients[0].kind(), Kind::Float);
    }
}

mod cuda {
    use tch::{Device, Kind, Tensor};

    use crate::libtorch::cuda::*;
    use crate::models::device::tests_card;

    #[test]
    fn bytes_arrive_on_a_card_as_they_are() {
        let bytes: Vec<u8> = (0..24).collect();
        for device in [Device::Cpu].into_iter().chain(tests_card()) {
            let tensor = bytes_to(&bytes, &[2, 3, 4], device).unwrap();
            assert_eq!((tensor.kind(), tensor.size()), (Kind::Uint8, vec![2, 3, 4]));
            assert_eq!(tensor.device(), device);
            let back = Vec::<u8>::try_from(tensor.to(Device::Cpu).flatten(0, -1)).unwrap();
            assert_eq!(back, bytes);
            let numbers = [3, -1, i64::MAX];
            let there = numbers_to(&numbers, device).unwrap();
            assert_eq!((there.kind(), there.device()), (Kind::Int64, device));
            assert_eq!(
                Vec::<i64>::try_from(there.to(Device::Cpu)).unwrap(),
                numbers
            );
        }
        assert!(bytes_to(&bytes, &[5, 5], Device::Cpu).is_err());
    }

    #[test]
    fn a_card_tells_its_memory_and_the_processor_has_none() {
        assert_eq!(memory(Device::Cpu), None);
        let Some(device) = tests_card() else {
            // Without a card it is an error that is told, no crash.
            assert_eq!(memory(Device::Cuda(0)), None);
            forget_peak(Device::Cuda(0));
            empty_cache(Device::Cuda(0));
            return;
        };
        forget_peak(device);
        let before = memory(device).unwrap();
        let held = Tensor::zeros([1 << 24], (Kind::Float, device));
        let with = memory(device).unwrap();
        drop(held);
        let after = memory(device).unwrap();
        assert!(with.allocated >= before.allocated + (64 << 20));
        assert!(after.peak >= with.allocated && after.allocated < with.allocated);
        assert!(after.total > after.free && after.available() > 0);
    }
}

mod depthwise {
    use tch::{Device, Kind, Tensor};

    use crate::libtorch::autocast::Autocast;
    use crate::libtorch::depthwise::*;
    use crate::models::fold::channels_last;

    fn random(shape: &[i64]) -> Tensor {
        Tensor::randn(shape, (Kind::Float, Device::Cpu))
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
        assert_eq!(a.size(), b.size());
        let scale = b.abs().max().double_value(&[]);
        (a - b).abs().max().double_value(&[]) / scale
    }

    /// Output and gradients, for a loss that weighs all values.
    fn learned(
        convolve: impl Fn(&Tensor, &Tensor, Option<&Tensor>) -> Tensor,
        given: &[Tensor; 3],
        weigh: &Tensor,
        has_bias: bool,
    ) -> Vec<Tensor> {
        let given: Vec<Tensor> = given
            .iter()
            .map(|tensor| tensor.detach().copy().set_requires_grad(true))
            .collect();
        let bias = has_bias.then_some(&given[2]);
        let output = convolve(&given[0], &given[1], bias);
        let loss = (output.to_kind(Kind::Float) * weigh).sum(Kind::Float);
        let learning = &given[..if has_bias { 3 } else { 2 }];
        let mut all = Tensor::run_backward(&[loss], learning, false, false);
        all.push(output.detach().to_kind(Kind::Float));
        all
    }

    /// Kernels, strides, paddings, numbers of channels that fill no vector, layouts and precisions.
    #[test]
    fn gradients_are_those_of_the_usual_convolution() {
        let _generator = crate::models::init::seeded(11);
        for (channels, kernel, stride, padding, bias) in [
            (16, 5, 1, [2, 2], false),
            (40, 5, 2, [2, 2], false),
            (3, 5, 2, [0, 1], true),
            (35, 7, 1, [3, 3], true),
            (16, 7, 2, [3, 3], false),
        ] {
            for (height, width) in [(7, 7), (12, 9), (21, 8)] {
                let given = [
                    random(&[3, channels, height, width]),
                    random(&[channels, 1, kernel, kernel]),
                    random(&[channels]),
                ];
                let usual = |input: &Tensor, weight: &Tensor, bias: Option<&Tensor>| {
                    input.conv2d(weight, bias, [stride; 2], padding, [1, 1], channels)
                };
                let ours = |input: &Tensor, weight: &Tensor, bias: Option<&Tensor>| {
                    convolution(input, weight, bias, stride, padding).unwrap()
                };
                let in_order = |input: &Tensor, weight: &Tensor, bias: Option<&Tensor>| {
                    ours(&channels_last(input).unwrap(), weight, bias)
                };
                let bare = tch::no_grad(|| usual(&given[0], &given[1], None));
                let weigh = random(&bare.size());
                let expected = learned(usual, &given, &weigh, bias);
                let what = format!("{channels} {kernel} {stride} {padding:?} {height} {width}");
                for got in [
                    learned(ours, &given, &weigh, bias),
                    learned(in_order, &given, &weigh, bias),
                ] {
                    assert_eq!(got.len(), expected.len());
                    for (got, expected) in got.iter().zip(&expected) {
                        assert!(largest_difference(got, expected) < 1e-5, "{what}");
                    }
                }
                let rounded = {
                    let _mixed = Autocast::begin(Device::Cpu, Kind::BFloat16).unwrap();
                    learned(in_order, &given, &weigh, bias)
                };
                for (got, expected) in rounded.iter().zip(&expected) {
                    assert_eq!(got.kind(), Kind::Float);
                    assert!(largest_difference(got, expected) < 0.03, "{what} in bf16");
                }
            }
        }
    }

    #[test]
    fn what_it_is_not_for_is_refused() {
        let error = convolution(
            &random(&[1, 4, 8, 8]),
            &random(&[4, 1, 3, 3]),
            None,
            1,
            [1, 1],
        );
        assert!(error.unwrap_err().to_string().contains("5 x 5 or 7 x 7"));
    }
}
