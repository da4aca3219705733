//! [`Compute`]: who renders the notes, the main processor or a graphics processor.
//!
//! Worker thread; belongs to one worker. The first note is always the main processor's, which needs no driver. Whatever goes
//! wrong on the graphics processor, the main one renders that note at once, and the reason is there to be read.
use super::worker::Notes;
use descant_core::model::gansynth::NoteError;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// What the musician wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// What is measured to be faster on this computer.
    #[default]
    Auto,
    /// The main processor.
    Cpu,
    /// The graphics processor, if there is one.
    Gpu,
}

/// Why a graphics processor has not rendered a note.
#[derive(Debug)]
pub enum Unrendered {
    /// No processor could.
    Note(NoteError),
    /// This one could not; a reason in words.
    Processor(String),
}

/// A processor that renders notes.
pub trait Renderer: Send {
    /// Its name, for people.
    fn name(&self) -> &str;
    /// A note, as [`Notes::note`] would render it.
    ///
    /// # Errors
    /// [`Unrendered`].
    fn note(&self, vector: &[f32], pitch: u8) -> Result<Vec<f32>, Unrendered>;
}

/// Finds the graphics processor and carries the model over; or says why not, in words.
pub type OpenRenderer = Box<dyn Fn(&Arc<dyn Notes>) -> Result<Box<dyn Renderer>, String> + Send + Sync>;

/// What the window shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComputeView {
    /// What was chosen.
    pub choice: Choice,
    /// What renders notes at present.
    pub used: String,
    /// Why it is that one: a sentence, or empty.
    pub why: String,
}

impl Default for ComputeView {
    fn default() -> Self {
        Self { choice: Choice::default(), used: CPU.into(), why: String::new() }
    }
}

const CPU: &str = "CPU";

enum Graphics {
    Untried,
    Ready(Box<dyn Renderer>),
    Failed(String),
}

/// See the file's head.
pub struct Compute {
    choice: Choice,
    graphics: Graphics,
    /// Shortest time that a note took, seconds: main processor, graphics processor.
    seconds: [Option<f64>; 2],
    /// Notes that the graphics processor made: in the first it compiles.
    made: usize,
    /// The last note was the graphics processor's.
    on_graphics: bool,
}

impl Default for Compute {
    fn default() -> Self {
        Self {
            choice: Choice::Auto,
            graphics: Graphics::Untried,
            seconds: [None; 2],
            made: 0,
            on_graphics: false,
        }
    }
}

impl Compute {
    /// What the musician wants now. Choosing anew tries again what has failed.
    pub fn choose(&mut self, choice: Choice) {
        if choice != self.choice {
            self.choice = choice;
            if matches!(self.graphics, Graphics::Failed(_)) {
                self.graphics = Graphics::Untried;
            }
        }
    }

    /// A note: `urgent` if somebody waits for it; `cpu` renders it on the main processor.
    ///
    /// # Errors
    /// Those of `cpu`; a [`NoteError`] of the graphics processor.
    pub fn note(
        &mut self,
        (notes, open): (&Arc<dyn Notes>, &OpenRenderer),
        (vector, pitch, urgent): (&[f32], u8, bool),
        cpu: impl FnOnce() -> Result<Vec<f32>, NoteError>,
    ) -> Result<Vec<f32>, NoteError> {
        self.on_graphics = self.prefers_graphics(urgent);
        if self.on_graphics {
            if matches!(self.graphics, Graphics::Untried) {
                self.graphics = open(notes).map_or_else(Graphics::Failed, Graphics::Ready);
            }
            if let Graphics::Ready(renderer) = &self.graphics {
                let begun = Instant::now();
                match renderer.note(vector, pitch) {
                    Ok(sound) => {
                        self.made += 1;
                        if self.made > 1 {
                            shortest(&mut self.seconds[1], begun);
                        }
                        return Ok(sound);
                    }
                    Err(Unrendered::Note(why)) => return Err(why),
                    Err(Unrendered::Processor(why)) => self.graphics = Graphics::Failed(why),
                }
            }
            self.on_graphics = false;
        }
        let begun = Instant::now();
        let sound = cpu()?;
        shortest(&mut self.seconds[0], begun);
        Ok(sound)
    }

    fn prefers_graphics(&self, urgent: bool) -> bool {
        match (self.choice, &self.graphics) {
            (Choice::Cpu, _) | (_, Graphics::Failed(_)) => false,
            (Choice::Gpu, _) => true,
            (Choice::Auto, _) => match self.seconds {
                [None, _] => false,
                // It is tried while nobody waits.
                [Some(_), None] => !urgent,
                [Some(cpu), Some(graphics)] => graphics < cpu,
            },
        }
    }

    /// For the window.
    #[must_use]
    pub fn view(&self) -> ComputeView {
        let used = match &self.graphics {
            Graphics::Ready(renderer) if self.on_graphics => renderer.name().to_owned(),
            _ => CPU.to_owned(),
        };
        let why = match (&self.graphics, self.seconds) {
            (Graphics::Failed(why), _) if self.choice != Choice::Cpu => why.clone(),
            (_, [Some(cpu), Some(graphics)]) => {
                format!(
                    "A note takes {:.0} ms on the CPU and {:.0} ms on the GPU.",
                    1e3 * cpu,
                    1e3 * graphics
                )
            }
            _ => String::new(),
        };
        ComputeView { choice: self.choice, used, why }
    }

    /// What the musician should be told now that was not told before: the processor that was chosen, or that rendered until
    /// now, does not.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        match &self.graphics {
            Graphics::Failed(why) if self.choice == Choice::Gpu || self.made > 0 => {
                Some(format!("{why} The CPU renders the notes."))
            }
            _ => None,
        }
    }
}

fn shortest(kept: &mut Option<f64>, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    *kept = Some(kept.map_or(seconds, |before| before.min(seconds)));
}

/// The graphics processor of this process, with a GANSynth.
///
/// # Errors
/// A sentence.
#[cfg(feature = "gpu")]
pub fn graphics(notes: &Arc<dyn Notes>) -> Result<Box<dyn Renderer>, String> {
    use descant_gpu::{Gpu, GpuError, ImageError, Network};

    struct OnGraphics {
        name: String,
        notes: Arc<dyn Notes>,
        network: Network,
    }

    impl Renderer for OnGraphics {
        fn name(&self) -> &str {
            &self.name
        }

        fn note(&self, vector: &[f32], pitch: u8) -> Result<Vec<f32>, Unrendered> {
            let images = guarded(|| self.network.images(&[(vector, pitch)])).map_err(|why| match why {
                ImageError::Note(why) => Unrendered::Note(why),
                ImageError::Gpu(why) => Unrendered::Processor(sentence(&why)),
            })?;
            let model = self.notes.gansynth().zip(images.first());
            let (model, image) = model.ok_or_else(|| Unrendered::Processor(NO_MODEL.into()))?;
            model.sound(image, pitch).map_err(Unrendered::Note)
        }
    }

    /// A driver that panics is one that does not work.
    fn guarded<T, E: From<GpuError>>(work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.unwrap_or_else(|_| Err(GpuError::Refused("its driver failed".into()).into()))
    }

    fn sentence(why: &GpuError) -> String {
        let text = why.to_string();
        let mut letters = text.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
    }

    const NO_MODEL: &str = "This model runs on the CPU only.";
    let model = notes.gansynth().ok_or(NO_MODEL)?;
    let made = guarded(|| {
        let gpu = Gpu::shared()?;
        Ok((gpu.name().to_owned(), Network::new(gpu, model.generator())?))
    });
    let (name, network) = made.map_err(|why: GpuError| sentence(&why))?;
    Ok(Box::new(OnGraphics { name, notes: notes.clone(), network }))
}

/// This build has no part for graphics processors.
///
/// # Errors
/// Always: a sentence.
#[cfg(not(feature = "gpu"))]
pub fn graphics(_: &Arc<dyn Notes>) -> Result<Box<dyn Renderer>, String> {
    Err("This build of Descant runs on the CPU only.".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::weights::built_in;

    struct Fine;

    impl Renderer for Fine {
        fn name(&self) -> &str {
            "Fine Graphics 9"
        }

        fn note(&self, vector: &[f32], _: u8) -> Result<Vec<f32>, Unrendered> {
            match vector {
                [] => Err(Unrendered::Processor("It was pulled out.".into())),
                _ => Ok(vec![2.0]),
            }
        }
    }

    /// Whether a note was the graphics processor's.
    fn on_graphics(compute: &mut Compute, vector: &[f32], urgent: bool) -> bool {
        let notes = built_in().expect("loads");
        let open: OpenRenderer = Box::new(|_| Ok(Box::new(Fine)));
        let sound = compute.note((&notes, &open), (vector, 60, urgent), || Ok(vec![1.0])).expect("a note");
        assert_eq!(compute.view().used == "CPU", sound == [1.0]);
        sound == [2.0]
    }

    #[test]
    fn the_graphics_processor_is_tried_while_nobody_waits_and_taken_if_it_is_faster() {
        let mut compute = Compute::default();
        let mut note = |urgent| on_graphics(&mut compute, &[0.0], urgent);
        assert_eq!([note(false), note(true)], [false, false], "the first one, and one that is needed now");
        assert_eq!([note(false), note(true)], [true, false], "it has compiled, and was not measured yet");
        assert!(note(false));
        for (seconds, expected) in [([1.0, 0.5], true), ([0.5, 1.0], false)] {
            compute.seconds = seconds.map(Some);
            assert_eq!(on_graphics(&mut compute, &[0.0], true), expected);
            assert!(compute.view().why.contains("1000 ms on the"), "{:?}", compute.view());
        }
    }

    #[test]
    fn what_was_chosen_is_used_from_the_first_note_on() {
        let mut compute = Compute::default();
        compute.choose(Choice::Gpu);
        assert!(on_graphics(&mut compute, &[0.0], true));
        compute.choose(Choice::Cpu);
        assert!(!on_graphics(&mut compute, &[0.0], false));
    }

    #[test]
    fn what_failed_is_left_alone_until_it_is_chosen_anew() {
        let mut compute = Compute::default();
        compute.choose(Choice::Gpu);
        assert!(!on_graphics(&mut compute, &[], true), "the main processor steps in");
        assert_eq!(compute.trouble().as_deref(), Some("It was pulled out. The CPU renders the notes."));
        assert!(!on_graphics(&mut compute, &[0.0], true));
        compute.choose(Choice::Auto);
        compute.choose(Choice::Gpu);
        assert_eq!(compute.trouble(), None);
        assert!(on_graphics(&mut compute, &[0.0], true));
    }
}
