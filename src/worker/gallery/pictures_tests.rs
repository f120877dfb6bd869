//! The gallery's pictures, on a thread.

use std::sync::Mutex;

use super::pictures::answer_questions;
use super::*;
use crate::data::PictureSource;

fn picture(folder: &std::path::Path, name: &str) -> PictureSource {
    let path = folder.join(name);
    image::RgbImage::from_pixel(40, 20, image::Rgb([9, 8, 7]))
        .save(&path)
        .unwrap();
    PictureSource::File(path)
}

#[test]
fn only_the_last_list_is_made_and_a_damaged_picture_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let old: Vec<_> = (0..30)
        .map(|n| picture(folder.path(), &format!("old{n}.png")))
        .collect();
    let new = picture(folder.path(), "new.png");
    let damaged = folder.path().join("damaged.png");
    std::fs::write(&damaged, "no picture").unwrap();
    let damaged = PictureSource::File(damaged);
    let (lane, questions) = Lane::without_thread(8);
    let ask = |wanted| {
        let question = GalleryQuestion::Thumbnails { wanted, side: 10 };
        let report: Report = Arc::new(|answer| panic!("the list is answered as one: {answer:?}"));
        lane.ask(Pending::new(Question::Gallery(question), &report));
    };
    ask(old);
    ask(vec![new.clone(), damaged.clone()]);
    let answers = Arc::new(Mutex::new(Vec::new()));
    let heard = answers.clone();
    // The window is gone once the list is made.
    let lane = Mutex::new(Some(lane));
    let say: Say = Arc::new(move |answer| {
        let mut heard = heard.lock().unwrap();
        heard.push(answer);
        if heard.len() == 2 {
            lane.lock().unwrap().take();
        }
    });
    answer_questions(&questions, &say);
    let answers = answers.lock().unwrap();
    let [
        GalleryAnswer::Thumbnail {
            source: first,
            pixels: Ok(pixels),
        },
        GalleryAnswer::Thumbnail {
            source: second,
            pixels: Err(reason),
        },
    ] = &answers[..]
    else {
        panic!("{answers:?}");
    };
    assert_eq!((first, second), (&new, &damaged));
    assert_eq!((pixels.width, pixels.height), (10, 5));
    let reason = reason.to_string();
    assert!(reason.contains("damaged.png"), "{reason}");
}
