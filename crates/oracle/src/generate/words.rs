//! The small vocabularies, and the handful of each that one pair uses.

use super::rng::Rng;
use crate::reference::json::{Json, Text, text};

const KEYS: [&str; 22] = [
    "a", "b", "c", "d", "a", "b", "c", "name", "detail", "é", "大", "😀", "A", "ab", "prefix", "exists", "numeric",
    "=", "id", "z", "\u{ffff}", "state",
];

/// Families of strings that collide with each other under some operator.
const FAMILIES: [&[&str]; 8] = [
    &["", "x", "y", "z", "xy", "yx", "xyz"],
    &["ab", "abc", "aB", "AB", "b", "bc", "ABC", "a"],
    &["running", "run", "ning", "rnning", "runrun", "r", "nn", "g"],
    &["aaaa", "aab", "aaab", "abab", "a", "aaaaaaaaaaaaaaaaaaaaaaaab", "ba", "aXbYc"],
    &["\"", "x\"", "\"x", "\\", "*", "a*b", "x\\", "\\*", "\"\""],
    &["é", "É", "e\u{301}", "École", "école", "大", "雨大", "雨", "\u{7f}", "\n", "\0", "\u{2028}"],
    &[
        "ß", "SS", "ss", "ẞ", "İ", "i\u{307}", "ı", "I", "i", "\u{212a}", "K", "k", "ς", "Σ", "σ", "ſ", "S", "ﬀ", "FF",
        "ǅ", "ǆ",
    ],
    &["😀", "??", "?", "?x", "𐐀", "𐐨", "x😀", "1", "5", "true", "null", "false", "300"],
];

/// IP literals, grouped by what they spell, and texts that almost are.
pub(super) const ADDRESSES: [&[&str]; 12] = [
    &["10.0.0.1", "010.000.0.01", "10.0.0.1", "::ffff:a00:1", "::FFFF:0a00:0001"],
    &["10.1.2.3", "10.1.2.03", "::ffff:a01:203"],
    &["10.0.0.7"],
    &["11.0.0.0", "::ffff:b00:0"],
    &["255.255.255.255"],
    &["0.0.0.0", "000.0.0.0", "::ffff:0:0"],
    &["::1", "0:0:0:0:0:0:0:1", "0::1", "::0001"],
    &["2001:db8::1", "2001:DB8::1", "2001:db8:0::1", "2001:0db8:0000:0:0:0:0:0001"],
    &["a::b", "A::B"],
    &["::"],
    &["10.0.0", "256.0.0.1", "10.0.0.1/32", "10.0.0.1.", "1.2.3.4.5", "::ffff:10.0.0.1"],
    &["ab:cd", ":", "::g", "1::2::3", "::1%1", "00001::", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::"],
];

/// CIDR blocks, the first ones valid.
pub(super) const BLOCKS: [&str; 26] = [
    "10.0.0.0/8",
    "10.0.0.0/24",
    "10.1.2.3/8",
    "0.0.0.0/0",
    "10.0.0.1/31",
    "10.0.0.0/+8",
    "010.0.0.0/08",
    "10.0.0.0/8/",
    "2001:db8::/32",
    "::/0",
    "::1/127",
    "a00::/8",
    "::ffff:a00:1/24",
    "11.0.0.0/-0",
    "10.0.0.1/30",
    "0.0.0.0/1",
    "10.0.0.1/32",
    "::1/128",
    "10.0.0.1",
    "10.0.0.0/-1",
    "10.0.0.0/a",
    "10.0.0/8",
    "/8",
    "10.0.0.0/8/8",
    "10.0.0.0/",
    "::ffff:10.0.0.0/104",
];
/// How many of [`BLOCKS`] are valid.
pub(super) const VALID_BLOCKS: usize = 16;

/// Numbers that can be compared, grouped by value.
pub(super) const NUMBERS: [&[&str]; 22] = [
    &["0", "-0", "0.0", "0e5", "-0.0E-2", "0E+10"],
    &["1", "1.0", "1e0", "10e-1", "0.1e1", "1.00E+00"],
    &["5", "5.0", "50e-1", "5E0"],
    &["6", "6.00"],
    &["300", "3e2", "3.0e2", "0.3E+3", "300.0000000000000000000000"],
    &["1.5", "1.50", "15e-1", "0.15e1"],
    &["1.499"],
    &["-10", "-1e1", "-10.0"],
    &["-1", "-1.0"],
    &["0.1", "0.10", "1e-1"],
    &["1e300", "1E300", "10e299"],
    &["5e9", "5000000000"],
    &["5000000000.000001", "5.000000000000001e9"],
    &["9007199254740992", "9007199254740992.0", "9.007199254740992e15"],
    &["1.7976931348623157e308", "17976931348623157e292"],
    &["-1.7976931348623157e308"],
    &["4.9e-324", "49E-325"],
    &["2.2250738585072014e-308"],
    &["10000001", "1.0000001e7"],
    &["20.5761757294705"],
    &["123456789012345", "1.23456789012345e14"],
    &["99", "100", "101"],
];

/// Numbers that cannot be compared; all different.
pub(super) const INCOMPARABLE: [&str; 12] = [
    "9007199254740993",
    "9007199254740993.0",
    "0.1000000000000000055511151231257827",
    "1e309",
    "1E309",
    "-1e400",
    "5e-324",
    "6.1000000000000000001",
    "-122.422003528252475",
    "1e-400",
    "123456789012345678901234567890",
    "0e99999999999",
];

const LONE_SURROGATES: [&[u16]; 5] = [&[0xd83d], &[0xde00], &[0xd83d, 0x78], &[0x78, 0xdc00], &[0xde00, 0xd83d]];

/// The words of one pair.
#[derive(Debug, Clone)]
pub(super) struct Vocabulary {
    keys: Vec<Text>,
    texts: Vec<Text>,
    numbers: Vec<&'static str>,
    /// Whether the pair is about where things are rather than what they are: few words, many absences and `$or`s.
    pub(super) is_plain: bool,
}

impl Vocabulary {
    pub(super) fn random(rng: &mut Rng) -> Self {
        if rng.one_in(4) {
            return Self::plain(rng);
        }
        let mut keys: Vec<Text> = (0..rng.between(2, 5)).map(|_| text(rng.pick(&KEYS))).collect();
        if rng.one_in(60) {
            keys.push(rng.pick(&LONE_SURROGATES).to_vec());
        }
        if rng.one_in(80) {
            keys.push(Text::new());
        }
        let mut texts = Vec::new();
        for _ in 0..rng.between(1, 2) {
            let family = rng.pick(&FAMILIES);
            texts.extend((0..rng.between(2, 4)).map(|_| text(rng.pick(family))));
        }
        if rng.percent(25) {
            texts.extend((0..rng.between(1, 3)).map(|_| address(rng)));
        }
        if rng.one_in(20) {
            texts.push(rng.pick(&LONE_SURROGATES).to_vec());
        }
        let mut numbers: Vec<&str> = Vec::new();
        for _ in 0..rng.between(2, 4) {
            numbers.push(if rng.percent(12) {
                rng.pick(&INCOMPARABLE)
            } else if rng.percent(60) {
                everyday_number(rng)
            } else {
                {
                    let group = rng.pick(&NUMBERS);
                    rng.pick(group)
                }
            });
        }
        Self { keys, texts, numbers, is_plain: false }
    }

    /// Keys of which some begin others, in an order that a record need not follow, and hardly any values.
    fn plain(rng: &mut Rng) -> Self {
        let keys = (0..rng.between(2, 4)).map(|_| text(rng.pick(&["a", "b", "c", "d", "a0", "-", "z"]))).collect();
        Self { keys, texts: vec![text("x"), text("y")], numbers: vec!["1"], is_plain: true }
    }

    pub(super) fn key(&self, rng: &mut Rng) -> Text {
        let key = rng.choose(&self.keys).clone();
        if rng.percent(6) {
            let more = rng.choose(&self.keys);
            return [&key, more.as_slice()].join(&u16::from(b'.'));
        }
        if rng.one_in(600) {
            return [&key, [u16::from(b'.')].as_slice()].concat();
        }
        key
    }

    pub(super) fn text(&self, rng: &mut Rng) -> Text {
        if rng.percent(4) {
            // Two words run together: longer than anything listed, and full of near matches.
            return [rng.choose(&self.texts).as_slice(), rng.choose(&self.texts).as_slice()].concat();
        }
        rng.choose(&self.texts).clone()
    }

    pub(super) fn number(&self, rng: &mut Rng) -> String {
        rng.pick(&self.numbers).to_owned()
    }

    pub(super) fn word(&self, rng: &mut Rng) -> Json {
        Json::Word(rng.pick(&["true", "false", "null"]))
    }

    pub(super) fn scalar(&self, rng: &mut Rng) -> Json {
        match rng.weighted(&[60, 28, 12]) {
            0 => Json::Text(self.text(rng)),
            1 => Json::Number(self.number(rng)),
            _ => self.word(rng),
        }
    }
}

/// An IP literal, or a text that almost is one.
pub(super) fn address(rng: &mut Rng) -> Text {
    let group = rng.pick(&ADDRESSES);
    text(rng.pick(group))
}

/// A number that can be compared, of the everyday ones, which stand first in the list.
pub(super) fn everyday_number(rng: &mut Rng) -> &'static str {
    let group = NUMBERS[rng.below(10)];
    rng.pick(group)
}

/// Another spelling of the same, if the lists have one.
pub(super) fn respell(rng: &mut Rng, groups: &[&[&'static str]], spelling: &str) -> Option<String> {
    let group = groups.iter().find(|group| group.contains(&spelling))?;
    Some(rng.pick(group).to_owned())
}
