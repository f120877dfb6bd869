//! What was trained with the same settings and seed before is asked about before it is trained again.

use super::*;
use crate::runs::portable_paths::with_absolute_paths;
use crate::runs::seeds;

#[test]
fn a_repeat_is_asked_about_and_another_seed_is_not() {
    let mut window = Window::with_pair();
    let (experiment, base) = {
        let document = &window.state().documents[0];
        (document.experiment.clone(), document.base())
    };
    let mut known = summary("a", 0.9);
    known.seed = Some(experiment.seed);
    known.recipe = Some(seeds::recipe(&with_absolute_paths(
        &experiment,
        base.as_deref(),
    )));
    window.answer(Answer::Runs(Ok(vec![known])));
    let started = |window: &Window| window.record.borrow().started().len();

    let train = |window: &mut Window| {
        window.state_mut().active = 0;
        window
            .harness
            .state_mut()
            .commands
            .push(Command::TrainActive);
        window.steps();
    };
    train(&mut window);
    assert_eq!(started(&window), 0);
    window.harness.get_by_label("Train the same again?");
    window.harness.get_by_label("Cancel").click();
    window.steps();
    assert_eq!(started(&window), 0);

    train(&mut window);
    window.harness.get_by_label("Train again").click();
    window.steps();
    assert_eq!(started(&window), 1);

    window.state_mut().active = 0;
    let command = super::edit(&window, 0, "seed", |experiment| experiment.seed += 1);
    window.harness.state_mut().commands.push(command);
    window.steps();
    train(&mut window);
    assert_eq!(started(&window), 2);
}
