use super::*;

fn drawn_picture(side: u32) -> Pixels {
    let mut rgb = Vec::new();
    for y in 0..side {
        for x in 0..side {
            rgb.extend([
                (x * 5 % 256) as u8,
                (y * 7 % 256) as u8,
                ((x * y) % 256) as u8,
            ]);
        }
    }
    Pixels {
        width: side,
        height: side,
        rgb,
    }
}

fn everything() -> Augmentation {
    Augmentation {
        horizontal_flip: true,
        vertical_flip: true,
        rotation: 30.0,
        zoom: 0.3,
        translation: 0.2,
        crop: 0.4,
        contrast: 0.4,
        brightness: 0.2,
        color_jitter: 0.5,
        cutout: 0.5,
        ..Augmentation::default()
    }
}

fn still() -> Drawn {
    Drawn::new(&Augmentation::default(), 0, 0)
}

#[test]
fn nothing_switched_on_changes_nothing() {
    let picture = drawn_picture(33);
    assert_eq!(augment(&picture, &Augmentation::default(), 5, 1), picture);
    assert_eq!(geometry::warp(&picture, &still()), picture);
}

#[test]
fn seed_and_view_decide_everything() {
    let picture = drawn_picture(48);
    let first = augment(&picture, &everything(), 1, 0);
    assert_eq!(first, augment(&picture, &everything(), 1, 0));
    assert_ne!(first, augment(&picture, &everything(), 1, 1));
    assert_ne!(first, augment(&picture, &everything(), 2, 0));
    assert_eq!(
        (first.width, first.height, first.rgb.len()),
        (48, 48, picture.rgb.len())
    );
}

#[test]
fn one_strength_leaves_the_other_draws_as_they_are() {
    let weak = Drawn::new(&everything(), 9, 3);
    let strong = Drawn::new(
        &Augmentation {
            rotation: 90.0,
            ..everything()
        },
        9,
        3,
    );
    assert!((strong.rotation_degrees - 3.0 * weak.rotation_degrees).abs() < 1e-9);
    assert_eq!(
        (weak.extent, weak.contrast, weak.cutout_at),
        (strong.extent, strong.contrast, strong.cutout_at)
    );
}

#[test]
fn flip_views_are_distinct_mirrors() {
    let picture = drawn_picture(5);
    let flips = |horizontal_flip, vertical_flip| Augmentation {
        horizontal_flip,
        vertical_flip,
        views: Views::Cached(4),
        ..Default::default()
    };
    let both = flips(true, true);
    assert_eq!(
        [
            flip_views(&both),
            flip_views(&flips(true, false)),
            flip_views(&flips(false, false))
        ],
        [4, 2, 1]
    );
    let views: Vec<Pixels> = (0..4)
        .map(|view| flip_view(&picture, &both, view))
        .collect();
    assert_eq!(views[0], picture);
    for (corner, view) in [((0, 0), 0), ((4, 0), 1), ((0, 4), 2), ((4, 4), 3)] {
        let at = (corner.1 * 5 + corner.0) * 3;
        assert_eq!(views[view].rgb[..3], picture.rgb[at..at + 3], "view {view}");
        assert_eq!(augment(&picture, &both, 77, view as u32), views[view]);
    }
    // With one flip switched on, bit 0 is that flip.
    assert_eq!(flip_view(&picture, &flips(false, true), 1), views[2]);
    assert_eq!(flip_view(&picture, &flips(true, false), 1), views[1]);
}

#[test]
fn fresh_flips_are_one_of_the_mirrors_and_all_occur() {
    let picture = drawn_picture(6);
    let augmentation = Augmentation {
        horizontal_flip: true,
        vertical_flip: true,
        ..Default::default()
    };
    let mirrors: Vec<Pixels> = (0..4)
        .map(|view| flip_view(&picture, &augmentation, view))
        .collect();
    let mut seen = [0; 4];
    for seed in 0..400 {
        let changed = augment(&picture, &augmentation, seed, 0);
        seen[mirrors
            .iter()
            .position(|mirror| *mirror == changed)
            .unwrap()] += 1;
    }
    assert!(
        seen.iter().all(|&count| (60..140).contains(&count)),
        "{seen:?}"
    );
}

#[test]
fn moves_agree_with_exact_mirrors_and_shifts() {
    let picture = drawn_picture(8);
    let warp = |change: &dyn Fn(&mut Drawn)| {
        let mut drawn = still();
        change(&mut drawn);
        geometry::warp(&picture, &drawn)
    };
    let half_turn = mirror::mirrored(&picture, true, true);
    assert_eq!(warp(&|drawn| drawn.rotation_degrees = 180.0), half_turn);
    assert_eq!(
        warp(&|drawn| drawn.flip_horizontally = true),
        mirror::mirrored(&picture, true, false)
    );
    let pixel = |picture: &Pixels, x: usize, y: usize| picture.rgb[(y * 8 + x) * 3..][..3].to_vec();
    let shifted = warp(&|drawn| drawn.shift = (0.25, 0.0));
    assert_eq!(pixel(&shifted, 5, 3), pixel(&picture, 3, 3));
    // Beyond the border the picture is mirrored: position -1 is position 0.
    assert_eq!(pixel(&shifted, 1, 3), pixel(&picture, 0, 3));
    // A quarter turn clockwise brings the upper left corner to the upper right.
    let turned = warp(&|drawn| drawn.rotation_degrees = 90.0);
    assert_eq!(pixel(&turned, 7, 0), pixel(&picture, 0, 0));
    // The lower right quarter, enlarged twice: the last pixel's middle lies a quarter of a pixel
    // beyond the middle of the picture's last, where the mirrored border repeats that pixel.
    let cropped = warp(&|drawn| (drawn.crop_side, drawn.crop_at) = (0.5, (1.0, 1.0)));
    assert_eq!(pixel(&cropped, 7, 7), pixel(&picture, 7, 7));
    let first: Vec<u8> = (0..3)
        .map(|channel| {
            let [a, b, c, d] = [(3, 3), (4, 3), (3, 4), (4, 4)]
                .map(|(x, y)| f64::from(pixel(&picture, x, y)[channel]));
            // Three quarters of the way from the third to the fourth pixel, in both directions.
            (0.0625 * a + 0.1875 * (b + c) + 0.5625 * d).round() as u8
        })
        .collect();
    let distance = pixel(&cropped, 0, 0)
        .iter()
        .zip(&first)
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap();
    assert!(distance <= 1);
}

#[test]
fn contrast_keeps_the_mean_and_brightness_moves_it() {
    let mean = |picture: &Pixels| {
        picture.rgb.iter().map(|&v| f64::from(v)).sum::<f64>() / picture.rgb.len() as f64
    };
    let mut picture = Pixels {
        width: 2,
        height: 1,
        rgb: vec![100, 100, 100, 140, 140, 140],
    };
    color::adjust_levels(&mut picture, 0.0, 0.5);
    assert_eq!(picture.rgb, [110, 110, 110, 130, 130, 130]);
    assert_eq!(mean(&picture), 120.0);
    color::adjust_levels(&mut picture, 130.0, 1.0);
    assert_eq!(picture.rgb, [240, 240, 240, 255, 255, 255]);
}

#[test]
fn colour_jitter_leaves_grey_and_removes_colour_at_zero() {
    let mut grey = Pixels {
        width: 3,
        height: 1,
        rgb: vec![0, 0, 0, 77, 77, 77, 255, 255, 255],
    };
    let before = grey.clone();
    color::jitter(&mut grey, 1.7, 0.08);
    assert_eq!(grey, before);
    let mut red = Pixels::filled(1, 1, [200, 50, 50]);
    color::jitter(&mut red, 0.0, 0.0);
    // 0.299 * 200 + 0.701 * 50
    assert!(
        red.rgb.iter().all(|&value| value.abs_diff(95) <= 1),
        "{:?}",
        red.rgb
    );
    let mut turned = Pixels::filled(1, 1, [120, 100, 100]);
    color::jitter(&mut turned, 1.0, 1.0);
    assert!(
        turned
            .rgb
            .iter()
            .zip([120, 100, 100])
            .all(|(a, b)| a.abs_diff(b) <= 1),
        "a whole turn: {:?}",
        turned.rgb
    );
}

#[test]
fn cutout_blanks_one_square_of_the_mean() {
    let mut picture = Pixels::filled(10, 10, [90, 120, 150]);
    cutout::blank(&mut picture, 0.4, (0.999, 0.0));
    let blank = picture
        .rgb
        .chunks_exact(3)
        .filter(|pixel| *pixel == [120, 120, 120])
        .count();
    assert_eq!(blank, 16);
    assert_eq!(picture.rgb[6 * 3..7 * 3], [120, 120, 120]);
    assert_eq!(picture.rgb[5 * 3..6 * 3], [90, 120, 150]);
}

#[test]
fn seeds_differ_by_epoch_and_picture() {
    let mut seeds: Vec<u64> = (0..20)
        .flat_map(|epoch| (0..50).map(move |picture| seed_for(42, epoch, picture)))
        .collect();
    seeds.sort_unstable();
    seeds.dedup();
    assert_eq!(seeds.len(), 1000);
    assert_ne!(seed_for(1, 0, 0), seed_for(2, 0, 0));
}
