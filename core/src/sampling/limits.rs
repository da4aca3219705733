//! Musical limits as changes of logits: some classes are forbidden, classes with onsets get a bias.
//!
//! Worker thread. Never leaves a step without a class: where everything is forbidden nothing is.

/// What a class would do if it were chosen now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effect {
    /// It breaks a limit (scale, range).
    pub forbidden: bool,
    /// Notes that would start.
    pub onsets: u8,
}

/// Sets forbidden classes to `-inf` and adds `bias` per onset to the others. `effect(class)` is asked once per
/// class.
///
/// Returns `false`, with the logits as they were, if every class is forbidden.
pub fn limit(logits: &mut [f32], bias: f32, mut effect: impl FnMut(usize) -> Effect) -> bool {
    let effects: Vec<Effect> = (0..logits.len()).map(&mut effect).collect();
    if effects.iter().all(|e| e.forbidden) {
        return false;
    }
    for (logit, effect) in logits.iter_mut().zip(effects) {
        *logit =
            if effect.forbidden { f32::NEG_INFINITY } else { bias.mul_add(f32::from(effect.onsets), *logit) };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_classes_go_and_onsets_are_favoured() {
        let mut logits = [1.0, 2.0, 3.0];
        let effect = |class| Effect { forbidden: class == 2, onsets: u8::from(class == 1) };
        assert!(limit(&mut logits, 0.5, effect));
        assert_eq!(logits, [1.0, 2.5, f32::NEG_INFINITY]);
    }

    #[test]
    fn when_everything_is_forbidden_nothing_is() {
        let mut logits = [1.0, 2.0];
        assert!(!limit(&mut logits, 9.0, |_| Effect { forbidden: true, onsets: 1 }));
        assert_eq!(logits, [1.0, 2.0]);
    }
}
