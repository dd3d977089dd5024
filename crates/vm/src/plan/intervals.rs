//! Many intervals, and which of them a point lies in.
//!
//! The ends of the intervals cut the line into *cells*: each end is one, and so is what lies between two. A tree stands
//! on the cells, and an interval hangs on the few nodes that together cover its cells and nothing else: twice the height
//! of the tree at most, so the memory is bounded. A point lies in the intervals on the way from its cell to the root.

use super::Target;

/// One interval.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval<P> {
    pub(super) low: P,
    pub(super) high: P,
    pub(super) low_open: bool,
    pub(super) high_open: bool,
    pub(super) target: Target,
}

/// Intervals on a line of points that all compare with each other.
#[derive(Debug)]
pub(super) struct Intervals<P> {
    /// Their ends, sorted.
    ends: Vec<P>,
    /// For each node of the tree, the first of its targets; the next node's are behind.
    starts: Vec<u32>,
    targets: Vec<Target>,
}

impl<P: Copy + PartialOrd> Intervals<P> {
    /// `None` if an end compares with nothing.
    pub(super) fn new(list: &[Interval<P>]) -> Option<Intervals<P>> {
        let mut ends: Vec<P> = list.iter().flat_map(|interval| [interval.low, interval.high]).collect();
        if ends.iter().any(|end| end.partial_cmp(end).is_none()) {
            return None;
        }
        ends.sort_by(|left, right| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
        ends.dedup_by(|left, right| left == right);
        let mut intervals = Intervals { ends, starts: Vec::new(), targets: Vec::new() };
        let cells = intervals.cells();
        let mut hung: Vec<(u32, Target)> = Vec::new();
        for interval in list {
            let mut from = intervals.cell(interval.low) + usize::from(interval.low_open) + cells;
            let mut behind = intervals.cell(interval.high) + usize::from(!interval.high_open) + cells;
            while from < behind {
                if from & 1 == 1 {
                    hung.push((from as u32, interval.target));
                    from += 1;
                }
                if behind & 1 == 1 {
                    behind -= 1;
                    hung.push((behind as u32, interval.target));
                }
                from >>= 1;
                behind >>= 1;
            }
        }
        hung.sort_by_key(|&(node, _)| node);
        let mut at = 0;
        for node in 0..=2 * cells {
            while hung.get(at).is_some_and(|&(of, _)| (of as usize) < node) {
                at += 1;
            }
            intervals.starts.push(at as u32);
        }
        intervals.targets = hung.into_iter().map(|(_, target)| target).collect();
        Some(intervals)
    }

    /// Memory held.
    pub(super) fn bytes(&self) -> usize {
        self.ends.len() * size_of::<P>() + self.starts.len() * 4 + self.targets.len() * size_of::<Target>()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// The targets of the intervals that a point lies in.
    #[inline]
    pub(super) fn find(&self, point: P, mut found: impl FnMut(Target)) {
        let mut node = self.cell(point) + self.cells();
        while node > 0 {
            let range = self.starts[node] as usize..self.starts[node + 1] as usize;
            self.targets[range].iter().copied().for_each(&mut found);
            node >>= 1;
        }
    }

    fn cells(&self) -> usize {
        2 * self.ends.len() + 1
    }

    /// The cell of a point: odd for an end, even for what lies between.
    #[inline]
    fn cell(&self, point: P) -> usize {
        let at = self.ends.partition_point(|&end| end < point);
        2 * at + usize::from(self.ends.get(at) == Some(&point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interval_of_every_shape_is_found() {
        let points = [f64::NEG_INFINITY, -2.0, -0.0, 1.0, 2.5, 3.0, f64::INFINITY];
        let mut list = Vec::new();
        for (at, &low) in points.iter().enumerate() {
            for &high in &points[at..] {
                for open in 0..4 {
                    let target = Target::slot(list.len() as u32);
                    list.push(Interval { low, high, low_open: open & 1 != 0, high_open: open & 2 != 0, target });
                }
            }
        }
        for step in 1..7 {
            let list: Vec<Interval<f64>> = list.iter().copied().step_by(step).collect();
            let intervals = Intervals::new(&list).unwrap();
            for point in [-1e300, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 2.5, 2.75, 3.0, 4.0] {
                let mut found = Vec::new();
                intervals.find(point, |target| found.push(target));
                found.sort_unstable();
                let inside = |interval: &&Interval<f64>| {
                    (if interval.low_open { point > interval.low } else { point >= interval.low })
                        && (if interval.high_open { point < interval.high } else { point <= interval.high })
                };
                let expected: Vec<Target> = list.iter().filter(inside).map(|interval| interval.target).collect();
                assert_eq!(found, expected, "{point}");
            }
        }
        assert!(Intervals::<f64>::new(&[]).unwrap().is_empty());
        Intervals::<f64>::new(&[]).unwrap().find(1.0, |_| unreachable!());
    }

    #[test]
    fn what_is_no_number_has_no_place() {
        let nan = Interval { low: f64::NAN, high: 1.0, low_open: false, high_open: false, target: Target::slot(0) };
        assert!(Intervals::new(&[nan]).is_none());
    }
}
