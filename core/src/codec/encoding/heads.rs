//! Several softmaxes at once: one class number for a class per head.
//!
//! Pure maths; any thread. The number counts in mixed radix, the last head fastest. With one head it is that
//! head's class.

/// The class number of one class per head. Classes must be below their head's width.
#[must_use]
pub fn join_heads(classes: &[usize], heads: &[usize]) -> usize {
    classes.iter().zip(heads).fold(0, |joint, (&class, &width)| joint * width + class)
}

/// One class per head of a class number.
#[must_use]
pub fn split_heads(mut class: usize, heads: &[usize]) -> Vec<usize> {
    let mut classes = vec![0; heads.len()];
    for (i, &width) in heads.iter().enumerate().rev() {
        classes[i] = if i == 0 { class } else { class % width.max(1) };
        class /= width.max(1);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_classes_split_again() {
        let heads = [13, 77, 128, 32, 25, 40];
        let classes = [12, 76, 127, 31, 24, 39];
        let joint = join_heads(&classes, &heads);
        assert_eq!(joint, heads.iter().product::<usize>() - 1);
        assert_eq!(split_heads(joint, &heads), classes);
        assert_eq!(split_heads(join_heads(&[1, 2], &[4, 3]), &[4, 3]), [1, 2]);
        assert_eq!((join_heads(&[7], &[9]), split_heads(7, &[9])), (7, vec![7]));
    }
}
