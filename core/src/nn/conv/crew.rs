//! [`Crew`]: who does the parts of a piece of work. Threads belong to whoever calls, so only the interface is here.

/// A part that can be done on any thread, beside the others.
pub type Task<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Does parts of a piece of work.
pub trait Crew {
    /// Does all `tasks`, in any order and on any threads; comes back when all are done.
    fn run<'a>(&self, tasks: Vec<Task<'a>>);
}

/// One after the other, on the thread that asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Crew for Alone {
    fn run<'a>(&self, tasks: Vec<Task<'a>>) {
        tasks.into_iter().for_each(|task| task());
    }
}
