//! What people ask, how it is done, and what opens it.

use super::actions::Action;
use crate::app::core::view_id::ViewId;
use crate::app::features;

/// Something that people ask, and how it is done.
#[derive(Debug)]
pub struct Topic {
    pub question: &'static str,
    pub answer: &'static str,
    /// Other words that people look for it by.
    pub words: &'static str,
    /// What opens it.
    pub opens: Opens,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Opens {
    Action(Action),
    View(ViewId),
}

impl Opens {
    pub fn action(self) -> Option<Action> {
        match self {
            Self::Action(action) => Some(action),
            Self::View(view) => features::view(view).map(Action::Show),
        }
    }
}

/// What people ask.
pub const TOPICS: [Topic; 25] = [
    Topic {
        question: "How do I learn to use Graft step by step?",
        answer: "The manual leads in short pages from the example pictures to a trained network that is used on new pictures.",
        words: "tutorial lesson beginner course",
        opens: Opens::Action(Action::Manual),
    },
    Topic {
        question: "How do I begin with my own pictures?",
        answer: "Sort them into one folder per class and open the folder around them, or drop it on the window. A table of paths and labels works, too.",
        words: "csv spreadsheet labels data set dataset import",
        opens: Opens::Action(Action::OpenPictures),
    },
    Topic {
        question: "How do I see whether my pictures were read rightly?",
        answer: "The Data view shows classes, counts, the split into training, validation and test pictures, and every file that was left out, with the reason.",
        words: "balance imbalance duplicates",
        opens: Opens::View(ViewId::DATA),
    },
    Topic {
        question: "Which pre-trained network should I take?",
        answer: "Measure it: the Backbones view compares networks on your own pictures in minutes, without training them, and says which can't be told apart and what each costs. EfficientNet-Lite0 comes with Graft and is a good first choice on a processor.",
        words: "resnet vgg vit transformer architecture shootout shoot-out benchmark compare",
        opens: Opens::Action(Action::CompareNetworks),
    },
    Topic {
        question: "How do I decide which layers learn?",
        answer: "In the Layers view, a closed lock is a frozen layer and an open lock is one that trains. A click changes a layer, a click with Shift trains from there on.",
        words: "freeze unfreeze trainable",
        opens: Opens::View(ViewId::LAYERS),
    },
    Topic {
        question: "Is feature extraction or fine-tuning better for me?",
        answer: "“Extraction vs. fine-tuning” trains one of each on the same pictures and shows them side by side when both have ended. With several seeds it also tells how much of the difference is chance.",
        words: "compare baseline",
        opens: Opens::Action(Action::CompareBothWays),
    },
    Topic {
        question: "How do I change one thing and compare?",
        answer: "Duplicate the experiment, change the copy, tick both, and train. The Compare view shows what differs in settings and in results.",
        words: "ablation hyperparameter",
        opens: Opens::Action(Action::DuplicateExperiment),
    },
    Topic {
        question: "How do I find the best settings, a learning rate for example?",
        answer: "A sweep trains an experiment with many settings and says which is best, and which others can't be told from it. Open an experiment, then press “New sweep from this experiment…” in the Sweep view.",
        words: "grid search random search hyperparameter tuning optimize optuna halving asha slurm cluster many runs",
        opens: Opens::View(ViewId::SWEEP),
    },
    Topic {
        question: "How do I set dropout, or add layers to the head?",
        answer: "In the part Head, at the left: its buttons add a dense layer, a batch normalisation or a dropout, whose rate stands below. A sweep can try several rates.",
        words: "regularization batchnorm units activation classifier",
        opens: Opens::Action(Action::Manual),
    },
    Topic {
        question: "How do I see whether training goes well?",
        answer: "In the Curves view, the validation loss should fall with the training loss. When it rises while the training loss falls, the network overfits: fewer layers that train, more augmentation, or fewer epochs help.",
        words: "overfitting underfitting convergence",
        opens: Opens::View(ViewId::CURVES),
    },
    Topic {
        question: "How do I go on with a training that was stopped?",
        answer: "Press Resume beside the run, in the list of runs: it goes on from its last saved epoch with the same numbers, also after a crash, a power cut, or when the window was closed.",
        words: "continue interrupted checkpoint shutdown",
        opens: Opens::View(ViewId::RUNS),
    },
    Topic {
        question: "How good is a run, and how sure is that?",
        answer: "The Evaluation view gives accuracy and other scores with a 95 % interval, the confusion matrix, and how far the probabilities can be believed.",
        words: "precision recall f1 auc roc calibration",
        opens: Opens::View(ViewId::EVALUATION),
    },
    Topic {
        question: "Which pictures does a network get wrong?",
        answer: "The Gallery shows them, sorted by how sure the network was. There, likely wrong labels and duplicates are searched for, too.",
        words: "mistakes errors noise mislabeled",
        opens: Opens::View(ViewId::GALLERY),
    },
    Topic {
        question: "How do I use a trained network on new pictures?",
        answer: "Choose its run, then drop pictures or a whole folder on the Predict view: it says which of its classes each one shows, and how sure it is.",
        words: "classify inference apply model batch",
        opens: Opens::Action(Action::UseNetwork),
    },
    Topic {
        question: "What if a picture shows none of the classes, or the network is unsure?",
        answer: "A picture that is too unlike the training pictures is told as “None of these”. In the Predict view, sort by confidence to see first what the network is least sure of.",
        words: "unknown novelty reject out of distribution threshold undecided",
        opens: Opens::View(ViewId::PREDICT),
    },
    Topic {
        question: "How do I use the network in another program?",
        answer: "“Export the network…” in the menu of a run, in the list of runs, writes it as ONNX, for PyTorch, or as safetensors, with a page that says how it is used.",
        words: "deploy python opencv mobile server api save model",
        opens: Opens::View(ViewId::RUNS),
    },
    Topic {
        question: "What do the colours of a heat map over a picture mean?",
        answer: "The warmer a place, the more it spoke for the class (a class activation map, Grad-CAM). Click a picture in the Gallery view to see where the network looked.",
        words: "explain explanation attention saliency",
        opens: Opens::View(ViewId::GALLERY),
    },
    Topic {
        question: "What is the seed?",
        answer: "The number from which all chance of a training is drawn: first weights, order, augmentation. The same seed gives the same run again; several seeds show how much of a result is chance.",
        words: "random reproducible repeat",
        opens: Opens::View(ViewId::RESULTS),
    },
    Topic {
        question: "What do p and the 95 % interval of a comparison mean?",
        answer: "The interval holds the true value in 19 of 20 such tests; p says how often chance alone would make such a difference between two equal networks. Above 0.05 it is no evidence of one.",
        words: "significance statistics mcnemar",
        opens: Opens::View(ViewId::COMPARE),
    },
    Topic {
        question: "How do I take figures and tables to a paper?",
        answer: "“Export figures and report…” writes PNG, SVG, CSV and one HTML page of the runs that are shown. The copy button beside a view's tabs puts its figure on the clipboard.",
        words: "publication plot print pdf",
        opens: Opens::Action(Action::ExportFigures),
    },
    Topic {
        question: "How do I keep an experiment, or give it to somebody?",
        answer: "Save it: a preset is a text file that the window and the command line read. Every run's folder holds the exact preset that it was trained with.",
        words: "share send backup",
        opens: Opens::Action(Action::SaveAs),
    },
    Topic {
        question: "Why is it slow, and how do I use a graphics card (GPU)?",
        answer: "The settings say which card was found and what it still needs. Without one, a small network such as EfficientNet-Lite0 and a frozen backbone are quickest.",
        words: "nvidia cuda speed faster",
        opens: Opens::Action(Action::Settings),
    },
    Topic {
        question: "What happened, and when?",
        answer: "The Log view keeps every message of this session; every run's folder keeps its own log.",
        words: "error warning messages problem",
        opens: Opens::View(ViewId::new("Log")),
    },
    Topic {
        question: "How do I make everything larger, darker or lighter?",
        answer: "The settings have the size of the interface, its colours (the dark mode and the light one), and how many processor threads a training may use.",
        words: "theme font zoom scale night",
        opens: Opens::Action(Action::Settings),
    },
    Topic {
        question: "Where does Graft keep its files, and under which licence is it?",
        answer: "About Graft names the folders of runs, weights and settings, and the licences. Nothing is uploaded: pictures and results stay on this machine.",
        words: "privacy license version directory storage",
        opens: Opens::Action(Action::About),
    },
];
