//! What a batch makes of buffers: which bytes are which record, however it was built, and whatever part of it is taken.

use std::ops::Range;

use eventsieve_vm::{Batch, RecordView};

const TEXT: &[u8] = b"{\"a\":1}\n\n  \r\n[]\r\n\"x\"";

fn records<'b>(batch: &Batch<'b>) -> Vec<&'b [u8]> {
    let found: Vec<&[u8]> = batch.iter().collect();
    assert_eq!((batch.len(), batch.is_empty()), (found.len(), found.is_empty()));
    assert_eq!(found, (0..batch.len()).map(|index| batch.record(index)).collect::<Vec<_>>());
    found
}

#[test]
fn lines_are_cut_at_their_ends_and_blank_ones_left_out() {
    let expected: [&[u8]; 3] = [b"{\"a\":1}", b"[]\r", b"\"x\""];
    assert_eq!(records(&Batch::from_lines(TEXT)), expected);
    let ended = [TEXT, b"\n"].concat();
    assert_eq!(records(&Batch::from_lines(&ended)), expected);
    assert_eq!(records(&Batch::from_lines(b"1\n2\n3")), [b"1", b"2", b"3"]);
    for blank in ["", "\n", "\n\n", " \t\r\n \n"] {
        assert!(records(&Batch::from_lines(blank.as_bytes())).is_empty(), "{blank:?}");
    }
}

#[test]
fn ranges_must_ascend_apart_and_inside() {
    let text = b"0123456789";
    let fine = [0..2, 2..2, 2..5, 7..10];
    let batch = Batch::from_ranges(text, &fine).unwrap();
    assert_eq!(records(&batch), [b"01".as_slice(), b"", b"234", b"789"]);
    #[expect(clippy::reversed_empty_ranges, reason = "this is what is refused")]
    let wrong: [&[Range<usize>]; 6] =
        [&[0..2, 1..3], &[3..5, 0..2], &[2..3, 3..11], &[0..1, 4..2], &[0..2, 9..11], &[0..1, 5..3, 6..7]];
    for ranges in wrong {
        assert!(Batch::from_ranges(text, ranges).is_none(), "{ranges:?}");
    }
    assert!(records(&Batch::from_ranges(text, &[]).unwrap()).is_empty());
}

#[test]
fn offsets_must_ascend_inside() {
    let text = b"0123456789";
    let batch = Batch::from_offsets(text, &[0, 3, 3, 10]).unwrap();
    assert_eq!(records(&batch), [b"012".as_slice(), b"", b"3456789"]);
    for offsets in [[0, 3, 2], [0, 3, 11], [11, 11, 11], [5, 4, 6]] {
        assert!(Batch::from_offsets(text, &offsets).is_none(), "{offsets:?}");
    }
    for offsets in [[].as_slice(), &[10]] {
        assert!(records(&Batch::from_offsets(text, offsets).unwrap()).is_empty());
    }
}

#[test]
fn a_part_of_a_batch_holds_those_records_and_no_others() {
    let text = b"0\n1\n2\n3\n4";
    let slices: [&[u8]; 5] = [b"0", b"1", b"2", b"3", b"4"];
    let ranges: Vec<_> = (0..5).map(|index| 2 * index..2 * index + 1).collect();
    let digits = b"01234";
    let offsets: Vec<usize> = (0..=5).collect();
    let views = slices.map(RecordView::delivered);
    let batches = [
        Batch::from_slices(&slices),
        Batch::from_lines(text),
        Batch::from_ranges(text, &ranges).unwrap(),
        Batch::from_offsets(digits, &offsets).unwrap(),
        Batch::from_views(&views),
    ];
    for batch in &batches {
        for start in 0..=5 {
            for end in start..=5 {
                let part = batch.slice(start..end);
                assert_eq!(records(&part), slices[start..end]);
                // And a part of the part.
                if end > start {
                    assert_eq!(records(&part.slice(1..end - start)), slices[start + 1..end]);
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "the batch has 2 records")]
fn a_part_beyond_the_end_is_refused() {
    let batch = Batch::from_offsets(b"0123", &[0, 2, 4]).unwrap();
    batch.slice(1..3);
}
