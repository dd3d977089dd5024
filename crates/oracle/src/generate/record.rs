//! Records derived from a pattern, so that a good part of them match, then bent.

use super::rng::Rng;
use super::words::{ADDRESSES, NUMBERS, Vocabulary, address, respell};
use crate::reference::json::{Json, Text, text};

pub(super) fn random(rng: &mut Rng, vocabulary: &Vocabulary, pattern: &Json) -> Json {
    // How faithful the whole record is: most try to match, some nearly do, a few do not look at the pattern.
    let faith = rng.pick(&[99, 97, 92, 85, 70, 40]);
    let bend = if vocabulary.is_plain { rng.pick(&[8, 30, 60]) } else { rng.pick(&[0, 8, 20, 45]) };
    let mut maker = Maker { rng, vocabulary, faith, bend };
    let mut members = match pattern {
        Json::Object(members) if !maker.rng.one_in(40) => maker.members(members),
        _ => Vec::new(),
    };
    while maker.rng.percent(25) {
        let stray = maker.stray(2);
        members.insert(maker.rng.below(members.len() + 1), stray);
    }
    if maker.rng.percent(30) {
        maker.shuffle(&mut members);
    }
    if maker.rng.one_in(120) {
        return maker
            .rng
            .choose(&[Json::Array(vec![Json::Object(members)]), Json::Word("null"), Json::Text(text("x"))])
            .clone();
    }
    Json::Object(members)
}

struct Maker<'m> {
    rng: &'m mut Rng,
    vocabulary: &'m Vocabulary,
    /// Per cent of values that should pass.
    faith: usize,
    /// Per cent of places that are bent.
    bend: usize,
}

impl Maker<'_> {
    /// Members that satisfy, or nearly, what the members of a pattern's object ask.
    fn members(&mut self, pattern: &[(Text, Json)]) -> Vec<(Text, Json)> {
        let mut members = Vec::new();
        for (key, asked) in pattern {
            match asked {
                Json::Array(alternatives) if *key == text("$or") => {
                    for _ in 0..if self.rng.one_in(10) { 2 } else { 1 } {
                        if let Some(Json::Object(alternative)) = self.any_of(alternatives) {
                            members.extend(self.members(&alternative));
                        }
                    }
                }
                Json::Object(inner) => {
                    let value = self.object(inner);
                    members.push((key.clone(), value));
                }
                Json::Array(values) => {
                    if let Some(value) = self.leaf(values) {
                        members.push((key.clone(), value));
                    }
                }
                _ => members.push((key.clone(), self.vocabulary.scalar(self.rng))),
            }
            if self.rng.percent(100 - self.faith) && self.rng.one_in(4) {
                members.pop();
            }
        }
        self.bend_keys(&mut members);
        members
    }

    fn any_of(&mut self, values: &[Json]) -> Option<Json> {
        if values.is_empty() { None } else { Some(self.rng.choose(values).clone()) }
    }

    /// An object, or an array with the object among others.
    fn object(&mut self, inner: &[(Text, Json)]) -> Json {
        let members = self.members(inner);
        if !self.rng.percent(12 + self.bend) {
            return Json::Object(members);
        }
        let mut elements = Vec::new();
        match self.rng.below(4) {
            // The members are dealt out to two elements: together they satisfy, but no element does.
            0 => {
                let cut = self.rng.below(members.len() + 1);
                let (front, back) = members.split_at(cut);
                elements.push(Json::Object(front.to_vec()));
                elements.push(Json::Object(back.to_vec()));
            }
            // Scalars, which sit at the same path as the objects.
            1 => {
                elements.push(self.vocabulary.scalar(self.rng));
                elements.push(Json::Object(members));
            }
            _ => elements.push(Json::Object(members)),
        }
        for _ in 0..self.rng.weighted(&[4, 4, 2]) {
            let faith = std::mem::replace(&mut self.faith, 50);
            let decoy = Json::Object(self.members(inner));
            self.faith = faith;
            elements.insert(self.rng.below(elements.len() + 1), decoy);
        }
        let mut array = Json::Array(elements);
        while self.rng.percent(self.bend / 3) {
            array = Json::Array(if self.rng.percent(50) { vec![array] } else { vec![array, self.stray(1).1] });
        }
        array
    }

    /// A value for a leaf of the pattern, or none.
    fn leaf(&mut self, tests: &[Json]) -> Option<Json> {
        let value = self.passing(tests);
        if value.is_none() && self.rng.percent(self.faith) {
            return None;
        }
        let value = value.unwrap_or_else(|| self.vocabulary.scalar(self.rng));
        if !self.rng.percent(8 + self.bend / 2) {
            return Some(value);
        }
        let mut elements = vec![value];
        for _ in 0..self.rng.weighted(&[3, 5, 2]) {
            let other = if self.rng.percent(70) { self.vocabulary.scalar(self.rng) } else { self.any(1) };
            elements.insert(self.rng.below(elements.len() + 1), other);
        }
        let array = Json::Array(elements);
        Some(if self.rng.percent(self.bend / 2) { Json::Array(vec![array]) } else { array })
    }

    /// A scalar that passes one of the tests, if faith holds; `None` asks for the field to be left out.
    fn passing(&mut self, tests: &[Json]) -> Option<Json> {
        if tests.is_empty() || !self.rng.percent(self.faith) {
            return Some(self.vocabulary.scalar(self.rng));
        }
        let test = self.rng.choose(tests).clone();
        Some(match test {
            Json::Text(text) => Json::Text(self.respell_address(text)),
            Json::Number(token) => Json::Number(self.respell_number(token)),
            Json::Object(members) => {
                let (name, operand) = members.first()?;
                return self.operator(&String::from_utf16_lossy(name), operand);
            }
            other => other,
        })
    }

    fn operator(&mut self, name: &str, operand: &Json) -> Option<Json> {
        Some(match (name, operand) {
            ("exists", Json::Word("false")) => return None,
            ("prefix", Json::Text(part)) => Json::Text([part.as_slice(), &self.tail()].concat()),
            ("suffix", Json::Text(part)) => Json::Text([self.tail().as_slice(), part].concat()),
            ("prefix" | "suffix", Json::Object(inner)) => match inner.first() {
                Some((_, Json::Text(part))) => {
                    let (part, tail) = (self.recase(part), self.tail());
                    Json::Text(if name == "prefix" { [part, tail].concat() } else { [tail, part].concat() })
                }
                _ => self.vocabulary.scalar(self.rng),
            },
            ("equals-ignore-case", Json::Text(text)) => Json::Text(self.recase(text)),
            ("exactly", Json::Text(text)) => Json::Text(text.clone()),
            ("wildcard", Json::Text(steps)) => Json::Text(self.fill(steps)),
            ("numeric", Json::Array(terms)) => Json::Number(self.near(terms)),
            ("cidr", _) => Json::Text(address(self.rng)),
            ("anything-but", Json::Object(inner)) if self.rng.percent(40) => match inner.first() {
                Some((name, Json::Text(_) | Json::Array(_))) => {
                    let excluded = match &inner[0].1 {
                        Json::Array(items) => self.any_of(items)?,
                        item => item.clone(),
                    };
                    return self.operator(&String::from_utf16_lossy(name), &excluded);
                }
                _ => self.vocabulary.scalar(self.rng),
            },
            _ => self.vocabulary.scalar(self.rng),
        })
    }

    /// What may follow a prefix, often nothing.
    fn tail(&mut self) -> Text {
        if self.rng.percent(40) { Text::new() } else { self.vocabulary.text(self.rng) }
    }

    fn respell_address(&mut self, spelling: Text) -> Text {
        let known = String::from_utf16_lossy(&spelling);
        match respell(self.rng, &ADDRESSES, &known) {
            Some(other) => text(&other),
            None => spelling,
        }
    }

    fn respell_number(&mut self, token: String) -> String {
        if self.rng.percent(40) {
            return token;
        }
        if let Some(other) = respell(self.rng, &NUMBERS, &token) {
            return other;
        }
        let plain = !token.contains(['.', 'e', 'E']);
        match self.rng.below(4) {
            0 if plain => format!("{token}.0"),
            1 if plain => format!("{token}e0"),
            2 if plain => format!("{token}0E-1"),
            _ => token,
        }
    }

    /// A number at, beside or between the bounds.
    fn near(&mut self, terms: &[Json]) -> String {
        let bounds: Vec<f64> = terms
            .iter()
            .filter_map(|term| match term {
                Json::Number(token) => token.parse().ok(),
                _ => None,
            })
            .filter(|bound: &f64| bound.is_finite())
            .collect();
        let Some(bound) = bounds.first().copied() else { return self.vocabulary.number(self.rng) };
        let other = bounds.last().copied().unwrap_or(bound);
        let candidate = match self.rng.below(8) {
            0 => bound,
            1 => other,
            2 => bound / 2.0 + other / 2.0,
            3 => bound + 1.0,
            4 => bound - 1.0,
            5 => bound.next_up(),
            6 => bound.next_down(),
            _ => return self.vocabulary.number(self.rng),
        };
        match self.rng.below(3) {
            _ if !candidate.is_finite() => self.vocabulary.number(self.rng),
            0 => format!("{candidate:e}"),
            1 => format!("{candidate:?}"),
            _ => format!("{candidate}"),
        }
    }

    /// Letters in another case, by the full mappings.
    fn recase(&mut self, text: &Text) -> Text {
        let mut recased = Text::new();
        for unit in char::decode_utf16(text.iter().copied()) {
            match (unit, self.rng.below(3)) {
                (Ok(unit), 0) => recased.extend(unit.to_lowercase().flat_map(utf16)),
                (Ok(unit), 1) => recased.extend(unit.to_uppercase().flat_map(utf16)),
                (Ok(unit), _) => recased.extend(utf16(unit)),
                (Err(lone), _) => recased.push(lone.unpaired_surrogate()),
            }
        }
        recased
    }

    /// A text that a wildcard fits.
    fn fill(&mut self, steps: &Text) -> Text {
        let mut filled = Text::new();
        let mut steps = steps.iter().copied();
        while let Some(step) = steps.next() {
            match u8::try_from(step) {
                Ok(b'*') => filled.extend(self.tail()),
                Ok(b'\\') => filled.extend(steps.next()),
                _ => filled.push(step),
            }
        }
        filled
    }

    /// Dotted keys become nested and the other way round, keys repeat, order changes.
    fn bend_keys(&mut self, members: &mut Vec<(Text, Json)>) {
        let dot = u16::from(b'.');
        for _ in 0..members.len() {
            if !self.rng.percent(4 + self.bend / 2) {
                continue;
            }
            let at = self.rng.below(members.len());
            let (key, value) = members[at].clone();
            match self.rng.below(4) {
                0 if key.contains(&dot) => {
                    let cut = key.iter().position(|unit| *unit == dot).unwrap_or(0);
                    members[at] = (key[..cut].to_vec(), Json::Object(vec![(key[cut + 1..].to_vec(), value)]));
                }
                1 => {
                    if let Json::Object(inner) = value {
                        let dotted = inner.into_iter().map(|(step, value)| ([key.as_slice(), &step].join(&dot), value));
                        members.splice(at..=at, dotted);
                    }
                }
                2 => {
                    let again = if self.rng.percent(50) { self.vocabulary.scalar(self.rng) } else { self.any(1) };
                    members.insert(self.rng.below(members.len() + 1), (key, again));
                }
                _ => self.shuffle(members),
            }
            if members.is_empty() {
                return;
            }
        }
    }

    fn shuffle(&mut self, members: &mut [(Text, Json)]) {
        for end in (1..members.len()).rev() {
            members.swap(end, self.rng.below(end + 1));
        }
    }

    /// A member that the pattern did not ask for here.
    fn stray(&mut self, depth: usize) -> (Text, Json) {
        let key = if self.rng.percent(50) {
            self.vocabulary.key(self.rng)
        } else {
            text(self.rng.pick(&["q", "zz", "😀q", "a.q"]))
        };
        (key, self.any(depth))
    }

    fn any(&mut self, depth: usize) -> Json {
        match if depth == 0 { 0 } else { self.rng.weighted(&[5, 3, 3]) } {
            0 => self.vocabulary.scalar(self.rng),
            1 => Json::Object(
                (0..self.rng.below(4)).map(|_| (self.vocabulary.key(self.rng), self.any(depth - 1))).collect(),
            ),
            _ => Json::Array((0..self.rng.below(4)).map(|_| self.any(depth - 1)).collect()),
        }
    }
}

fn utf16(unit: char) -> Text {
    unit.encode_utf16(&mut [0; 2]).to_vec()
}
