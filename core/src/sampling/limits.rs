//! Musical limits as changes of logits: some classes are forbidden, classes with onsets get a bias.
//!
//! Worker thread. Never leaves a step without a class: where everything is forbidden nothing is.

/// What a class would do if it were chosen now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effect {
    /// It breaks a limit (scale, range).
    pub forbidden: bool,
    /// Notes that would start.
    pub onsets: u8,
    /// Weight of the rules that it breaks (no repetition, rhythm …). Of the classes that are not forbidden those
    /// with the least may be chosen, so that rules which cannot be kept give way, the lightest first.
    pub cost: u8,
    /// Added to its logit: how much it is favoured.
    pub lean: f32,
}

/// Sets forbidden classes, and those that cost more than the cheapest, to `-inf` and adds `bias` per onset to the
/// others, with what each is favoured by. `effect(class)` is asked once per class.
///
/// Returns `false`, with the logits as they were, if every class is forbidden.
pub fn limit(logits: &mut [f32], bias: f32, mut effect: impl FnMut(usize) -> Effect) -> bool {
    let effects: Vec<Effect> = (0..logits.len()).map(&mut effect).collect();
    let Some(least) = effects.iter().filter(|e| !e.forbidden).map(|e| e.cost).min() else { return false };
    for (logit, effect) in logits.iter_mut().zip(effects) {
        let legal = !effect.forbidden && effect.cost == least;
        *logit = match legal {
            true => bias.mul_add(f32::from(effect.onsets), *logit) + effect.lean,
            false => f32::NEG_INFINITY,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forbidden_classes_go_and_onsets_are_favoured() {
        let mut logits = [1.0, 2.0, 3.0];
        let effect = |class| Effect {
            forbidden: class == 2,
            onsets: u8::from(class == 1),
            lean: if class == 0 { 0.25 } else { 0.0 },
            ..Effect::default()
        };
        assert!(limit(&mut logits, 0.5, effect));
        assert_eq!(logits, [1.25, 2.5, f32::NEG_INFINITY]);
    }

    #[test]
    fn when_everything_is_forbidden_nothing_is() {
        let mut logits = [1.0, 2.0];
        assert!(!limit(&mut logits, 9.0, |_| Effect { forbidden: true, onsets: 1, ..Effect::default() }));
        assert_eq!(logits, [1.0, 2.0]);
    }

    proptest! {
        #[test]
        fn some_class_is_always_left_and_it_is_a_cheapest(
            effects in prop::collection::vec((any::<bool>(), 0u8..4, any::<u8>()), 1..40),
            bias in -8.0f32..8.0,
        ) {
            let mut logits = vec![0.5; effects.len()];
            let of = |i: usize| {
                let (forbidden, onsets, cost) = effects[i];
                Effect { forbidden, onsets, cost, lean: 0.0 }
            };
            let limited = limit(&mut logits, bias, of);
            prop_assert_eq!(limited, effects.iter().any(|e| !e.0));
            let left: Vec<usize> = (0..logits.len()).filter(|&i| logits[i].is_finite()).collect();
            prop_assert!(!left.is_empty());
            let least = effects.iter().filter(|e| !e.0).map(|e| e.2).min();
            prop_assert!(!limited || left.iter().all(|&i| !effects[i].0 && Some(effects[i].2) == least));
        }
    }
}
