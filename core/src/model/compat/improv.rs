//! Improv RNN: a melody over the chord symbols of the input.
//!
//! Any thread. Rules: section 10.4 of the note-model notes.
use super::search::{Drawn, Search};
use super::{Call, CompatError, Primer, last_end};
use crate::codec::encoding::{ChordEncoding, Conditional, Encoding, listed};
use crate::codec::{ChordProgression, LeadSheet, Melody, MelodyEvent};
use crate::model::event_rnn::EventRnn;
use crate::music::{NoteSequence, Quantised};
use crate::sampling::Uniforms;

impl Call<'_> {
    /// Writes until the chords end.
    pub(super) fn improv(
        &self,
        control: ChordEncoding,
        target: &dyn Encoding<MelodyEvent>,
        uniforms: &mut dyn Uniforms,
    ) -> Result<(NoteSequence, Drawn), CompatError> {
        let section = self.options.input_sections.first();
        let (from, to) = section.map_or((0.0, self.section.start), |s| (s.start, s.end));
        let heard = self.input.trim(from, to);
        if last_end(&heard) >= self.section.start {
            return Err(CompatError::Sections("the primer does not end before the part to write begins"));
        }
        let primer = self.primer(&heard)?;
        let mut melody = self.melody_seed(&primer)?;
        let Primer { run, qpm, .. } = primer;
        let backing = Quantised::relative(&self.input.trim(from, self.section.end), run.spq)?;
        let mut chords = ChordProgression::extract(&backing, 0, backing.total_steps)?;
        // The reference cuts chords before a late melody at the wrong end and then finds them too short.
        if melody.start_step() != chords.start_step() || chords.end_step() != run.end_step {
            return Err(CompatError::ChordsTooShort);
        }
        let (min, max) = self.range();
        let amount = melody.squash(min, max, self.hparams.transpose_to_key);
        chords = chords.transposed(amount)?;
        let controls = chords.chords_for(control)?;
        let source = listed(&controls);
        let encoding = Conditional { control: &control, source: &source, target };
        let mut search = Search::new(self.options, uniforms);
        let rnn = EventRnn { encoding: &encoding, stack: self.stack, cache: None };
        let events = search.write(&rnn, melody.events(), run.new_events(melody.end_step())?)?;
        let mut melody = Melody::on_grid(events, melody.start_step(), run.bar, run.spq);
        melody.transpose(-amount, 0, 128);
        let sheet = LeadSheet::new(melody, chords.transposed(-amount)?)?;
        Ok((sheet.to_sequence(100, 0.0, qpm), search.drawn))
    }
}
