//! Random patterns, most of them valid.

use super::rng::Rng;
use super::words::{BLOCKS, INCOMPARABLE, VALID_BLOCKS, Vocabulary, everyday_number};
use crate::reference::json::{Json, Text, text};

const DEPTH: usize = 3;

pub(super) fn random(rng: &mut Rng, vocabulary: &Vocabulary) -> Json {
    // The n-th thing made is made wrong. Most patterns have fewer things than this can ask for, so it often comes to nothing.
    let spoilt = if rng.percent(14) { Some(rng.below(6)) } else { None };
    Maker { rng, vocabulary, spoilt, or_len: 0 }.object(0, false)
}

struct Maker<'m> {
    rng: &'m mut Rng,
    vocabulary: &'m Vocabulary,
    spoilt: Option<usize>,
    or_len: usize,
}

impl Maker<'_> {
    /// Whether the thing about to be made is the one to spoil.
    fn spoil(&mut self) -> bool {
        let spoil = self.spoilt == Some(0);
        self.spoilt = self.spoilt.and_then(|left| left.checked_sub(1));
        spoil
    }

    fn object(&mut self, depth: usize, inside_or: bool) -> Json {
        let weights: &[usize] = match (self.vocabulary.is_plain, depth) {
            (true, _) => &[20, 35, 30, 15],
            (false, 0) => &[35, 40, 20, 5],
            (false, _) => &[55, 35, 10],
        };
        let member_len = 1 + self.rng.weighted(weights);
        Json::Object((0..member_len).map(|_| self.member(depth, inside_or)).collect())
    }

    fn member(&mut self, depth: usize, inside_or: bool) -> (Text, Json) {
        if self.spoil() && self.rng.percent(60) {
            return self.wrong_member(depth);
        }
        let or_allowed = self.or_len < 6 && depth < DEPTH;
        let or_percent = match (self.vocabulary.is_plain, depth) {
            (true, _) => 30,
            (false, 0) => 16,
            (false, _) => 10,
        };
        if or_allowed && self.rng.percent(or_percent) {
            self.or_len += 1;
            let alternatives = (0..self.rng.between(2, 3)).map(|_| self.object(depth + 1, true)).collect();
            return (text("$or"), Json::Array(alternatives));
        }
        let mut key = self.vocabulary.key(self.rng);
        if inside_or && is_reserved(&key) && !self.rng.one_in(12) {
            key = text("a");
        }
        if depth < DEPTH && self.rng.percent(32) {
            return (key, self.object(depth + 1, inside_or));
        }
        let value_len = 1 + self.rng.weighted(&[58, 28, 14]);
        (key, Json::Array((0..value_len).map(|_| self.value()).collect()))
    }

    fn value(&mut self) -> Json {
        if self.spoil() {
            return self.wrong_value();
        }
        if self.vocabulary.is_plain {
            return self.plain_value();
        }
        let word = |name: &str, operand: Json| Json::Object(vec![(text(name), operand)]);
        match self.rng.weighted(&[24, 10, 5, 7, 7, 6, 4, 4, 8, 14, 9, 5, 9, 3]) {
            0 => Json::Text(self.vocabulary.text(self.rng)),
            1 => Json::Number(self.number()),
            2 => self.vocabulary.word(self.rng),
            3 => word("prefix", self.part()),
            4 => word("suffix", self.part()),
            5 => word("equals-ignore-case", self.text()),
            6 => word("prefix", word("equals-ignore-case", self.part())),
            7 => word("suffix", word("equals-ignore-case", self.part())),
            8 => word("wildcard", Json::Text(self.wildcard())),
            9 => word("anything-but", self.anything_but()),
            10 => word("numeric", self.numeric()),
            11 => word("cidr", Json::Text(text(BLOCKS[self.rng.below(VALID_BLOCKS)]))),
            12 => word("exists", Json::Word(self.rng.pick(&["true", "false"]))),
            _ => word("exactly", self.text()),
        }
    }

    fn plain_value(&mut self) -> Json {
        let exists = |word| Json::Object(vec![(text("exists"), Json::Word(word))]);
        match self.rng.weighted(&[50, 35, 10, 5]) {
            0 => self.text(),
            1 => exists("false"),
            2 => exists("true"),
            _ => Json::Object(vec![(text("anything-but"), self.text())]),
        }
    }

    fn text(&mut self) -> Json {
        Json::Text(self.vocabulary.text(self.rng))
    }

    /// A text, or a piece of one that can be its prefix or suffix.
    fn part(&mut self) -> Json {
        let whole = self.vocabulary.text(self.rng);
        let (from, to) = (self.rng.below(whole.len() + 1), self.rng.below(whole.len() + 1));
        let mut part = if self.rng.percent(50) { whole } else { whole[from.min(to)..from.max(to)].to_vec() };
        if self.rng.one_in(40) {
            // The quote leak: a prefix that ends in a quote, a suffix that starts with one.
            part.insert(if self.rng.percent(50) { 0 } else { part.len() }, u16::from(b'"'));
        }
        Json::Text(part)
    }

    fn number(&mut self) -> String {
        self.vocabulary.number(self.rng)
    }

    /// A number that can be compared.
    fn comparable(&mut self) -> String {
        let number = self.number();
        if INCOMPARABLE.contains(&number.as_str()) { everyday_number(self.rng).to_owned() } else { number }
    }

    /// A text in which some pieces became stars, and what must be escaped is.
    fn wildcard(&mut self) -> Text {
        let star = u16::from(b'*');
        let mut steps = Text::new();
        let mut starred = false;
        for unit in self.vocabulary.text(self.rng) {
            if !starred && self.rng.percent(20) {
                steps.push(star);
                starred = true;
            }
            if starred && self.rng.percent(35) {
                continue;
            }
            if unit == star || unit == u16::from(b'\\') {
                steps.push(u16::from(b'\\'));
            }
            steps.push(unit);
            starred = false;
        }
        if !starred && self.rng.percent(50) {
            steps.push(star);
        }
        steps
    }

    fn anything_but(&mut self) -> Json {
        let form = self.rng.weighted(&[30, 20, 14, 14, 11, 11]);
        let item = |maker: &mut Self| match form {
            0 => maker.text(),
            1 => Json::Number(maker.comparable()),
            2 | 3 => match maker.part() {
                Json::Text(part) if part.is_empty() => Json::Text(text("a")),
                part => part,
            },
            4 => maker.text(),
            _ => Json::Text(maker.wildcard()),
        };
        let operand = if self.rng.percent(50) {
            item(self)
        } else {
            Json::Array((0..self.rng.between(1, 3)).map(|_| item(self)).collect())
        };
        match form {
            0 | 1 => operand,
            2 => Json::Object(vec![(text("prefix"), operand)]),
            3 => Json::Object(vec![(text("suffix"), operand)]),
            4 => Json::Object(vec![(text("equals-ignore-case"), operand)]),
            _ => Json::Object(vec![(text("wildcard"), operand)]),
        }
    }

    fn numeric(&mut self) -> Json {
        let name = |name: &str| Json::Text(text(name));
        let (one, other) = (self.comparable(), self.comparable());
        if self.rng.percent(65) {
            let operator = self.rng.pick(&["=", "<", "<=", ">", ">="]);
            return Json::Array(vec![name(operator), Json::Number(one)]);
        }
        let smaller_first = one.parse().unwrap_or(0.0) < other.parse().unwrap_or(0.0_f64);
        let (low, high) = if smaller_first { (one, other) } else { (other, one) };
        // Equal bounds are refused; one in a while may stay.
        let high = if low == high && !self.rng.one_in(8) { "2e307".to_owned() } else { high };
        let (above, below) = (self.rng.pick(&[">", ">="]), self.rng.pick(&["<", "<="]));
        Json::Array(vec![name(above), Json::Number(low), name(below), Json::Number(high)])
    }

    fn wrong_member(&mut self, depth: usize) -> (Text, Json) {
        let key = self.vocabulary.key(self.rng);
        let good = Json::Object(vec![(text("a"), Json::Array(vec![self.vocabulary.scalar(self.rng)]))]);
        match self.rng.below(10) {
            0 => (key, Json::Object(Vec::new())),
            1 => (key, Json::Array(Vec::new())),
            2 => (key, self.vocabulary.scalar(self.rng)),
            3 => (text("$or"), Json::Array(vec![good])),
            4 => (text("$or"), Json::Array(Vec::new())),
            5 => (text("$or"), good),
            6 => (text("$or"), Json::Array(vec![good, self.vocabulary.scalar(self.rng)])),
            7 => (text("$or"), Json::Array(vec![good, Json::Object(Vec::new())])),
            8 => {
                let reserved =
                    self.rng.pick(&["prefix", "cidr", "<", "date-after", "not-wildcard", "regex", "exactly"]);
                let field = Json::Object(vec![(text(reserved), Json::Array(vec![self.vocabulary.scalar(self.rng)]))]);
                (text("$or"), Json::Array(vec![good, field]))
            }
            // Not wrong: a field that merely looks like the relation.
            _ => (text(self.rng.pick(&["$OR", "$or ", "or"])), self.object(depth + 1, false)),
        }
    }

    fn wrong_value(&mut self) -> Json {
        let name = self.rng.pick(&[
            "prefix",
            "suffix",
            "equals-ignore-case",
            "wildcard",
            "anything-but",
            "exists",
            "numeric",
            "cidr",
            "exactly",
        ]);
        let number = Json::Number(self.number());
        let operand = match self.rng.below(16) {
            0 => return Json::Array(vec![self.vocabulary.scalar(self.rng)]),
            1 => return Json::Object(Vec::new()),
            2 => {
                let unknown = self.rng.pick(&["Prefix", "regex", "foo", "", "$or", "not-wildcard"]);
                return Json::Object(vec![(text(unknown), self.text())]);
            }
            3 => {
                let (one, other) = (self.text(), self.text());
                let second = self.rng.pick(&["prefix", "suffix", name]);
                return Json::Object(vec![(text(name), one), (text(second), other)]);
            }
            4 => Json::Word("null"),
            5 => number,
            6 => Json::Array(vec![self.text()]),
            7 => Json::Array(Vec::new()),
            8 => Json::Array(vec![self.text(), number]),
            9 => Json::Object(vec![(text("prefix"), self.text())]),
            10 => Json::Object(vec![(text("equals-ignore-case"), self.text()), (text("prefix"), self.text())]),
            11 => {
                let inner = self.rng.pick(&["prefix", "suffix", "wildcard", "equals-ignore-case"]);
                let empty = if self.rng.percent(50) { Json::Array(Vec::new()) } else { Json::Text(Text::new()) };
                return Json::Object(vec![(text("anything-but"), Json::Object(vec![(text(inner), empty)]))]);
            }
            12 => {
                let broken = self.rng.pick(&["a**b", "\\a", "a\\", "**", "\\\\\\"]);
                return Json::Object(vec![(text("wildcard"), Json::Text(text(broken)))]);
            }
            13 => {
                let block = BLOCKS[self.rng.between(VALID_BLOCKS, BLOCKS.len() - 1)];
                return Json::Object(vec![(text("cidr"), Json::Text(text(block)))]);
            }
            14 => {
                let (one, other) = (Json::Number(self.number()), Json::Number(self.number()));
                let (first, second) =
                    (self.rng.pick(&["<", ">", "!=", "=", ">="]), self.rng.pick(&["<", ">", "<=", "="]));
                let mut terms = vec![Json::Text(text(first)), one, Json::Text(text(second)), other];
                terms.truncate(self.rng.between(0, 4));
                return Json::Object(vec![(text("numeric"), Json::Array(terms))]);
            }
            _ => Json::Text(text(self.rng.pick(&["true", "10.0.0.0/33", "*", "\\*"]))),
        };
        Json::Object(vec![(text(name), operand)])
    }
}

fn is_reserved(key: &Text) -> bool {
    ["prefix", "exists", "numeric", "="].iter().any(|name| text(name) == *key)
}
