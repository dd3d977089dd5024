//! Keys against the path trie: from a record to the list of hits.
//!
//! A *hit* is a value at a path that some filter asks about, or a mark that an array element which counts as
//! a scope begins or ends. Everything else of the record is skipped. The list is in document order, so
//! resolving it is one pass. No recursion: containers that lead somewhere are on a stack of frames.

use eventsieve_program::View;
use eventsieve_program::format::{NODE_EMPTY_KEY, NONE};
use eventsieve_program::text;

use crate::cursor::{Buffer, Cursor, Located, Seen};
use crate::view::Shape;

/// What a value is, and where its bytes lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HitValue {
    String(Located),
    Number(Located),
    True,
    False,
    Null,
}

/// One entry of the hit list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hit {
    /// A value at a leaf.
    Value { leaf: u32, value: HitValue },
    /// An element of an array at a node of this depth begins. `array` tells arrays of a record apart.
    Open { depth: u32, array: u32 },
    /// It ends.
    Close,
}

/// A container the walk is in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) node: u32,
    pub(crate) array: bool,
    /// Whether leaving it closes a scope.
    pub(crate) scope: bool,
    /// For an array, its number within the record.
    pub(crate) number: u32,
}

/// The walk met something its front end cannot hand over exactly.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lost;

/// A place in the list of hits, outside all containers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    hits: usize,
    irregular: bool,
}

/// Hits in a container that a later member of its name may replace.
#[derive(Debug, Clone, Copy)]
struct Decoded {
    from: usize,
    /// Where they end, once it is left.
    to: Option<usize>,
    /// How many frames there are outside it.
    outside: usize,
}

/// Buffers of the walk.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(crate) hits: Vec<Hit>,
    pub(crate) frames: Vec<Frame>,
    /// A decoded key.
    pub(crate) key: Vec<u8>,
    /// Text made here: spellings of integers.
    pub(crate) text: Vec<u8>,
    /// Whether one path was reached in more than one way within one scope, so that the scopes alone do not
    /// tell which values may be taken together (see `irregular`).
    pub(crate) irregular: bool,
    /// The hits in the last container that stood where the payload should, and in that of the member beside it.
    decoded: [Option<Decoded>; 2],
    /// For each node, the scope in which a container was last met there.
    visited: Vec<u32>,
    /// Numbers of the open scopes.
    scopes: Vec<u32>,
    /// Numbers given to scopes and arrays so far, over all records.
    numbered: u32,
}

/// Members of a delivered record that are decoded before they are looked at, found on the way.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Deferred {
    /// The payload, if a filter looks at it.
    pub(crate) payload: Option<Found>,
    /// The member beside it.
    pub(crate) beside: Option<Located>,
    /// Whether a value was met that no filter lets pass, whatever else there is. The rest was not walked.
    pub(crate) is_dropped: bool,
}

impl Deferred {
    /// The payload, or the member beside it, was met. Of several of one name the last counts: what was found in one before
    /// is forgotten.
    pub(crate) fn set(&mut self, trail: &mut Trail, payload: bool, found: Found) {
        trail.forget_decoded(payload);
        if payload {
            self.payload = Some(found);
        } else {
            self.beside = match found {
                Found::String(located) => Some(located),
                Found::Container | Found::Other => None,
            };
        }
    }
}

/// What stood where the payload should.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found {
    /// A string, to be decoded.
    String(Located),
    /// An object or array, walked already.
    Container,
    /// Something else.
    Other,
}

/// Walks an object whose members stand at the root of the trie, appending to `trail.hits`. Members that `shape` says
/// are to be decoded are handed back instead.
pub(crate) fn walk(
    view: &View<'_>,
    shape: &Shape,
    cursor: &mut impl Cursor,
    trail: &mut Trail,
) -> Result<Deferred, Lost> {
    let mut deferred = Deferred::default();
    if cursor.value() != Seen::Object {
        return Err(Lost);
    }
    trail.start(0);
    descend(view, shape, cursor, trail, &mut deferred)?;
    Ok(deferred)
}

/// Walks a JSON text that stands at `node`.
pub(crate) fn walk_at(view: &View<'_>, cursor: &mut impl Cursor, trail: &mut Trail, node: u32) -> Result<(), Lost> {
    trail.frames.clear();
    let outside = Frame { node, array: false, scope: false, number: 0 };
    value(view, cursor, trail, node, outside)?;
    descend(view, &Shape::RAW, cursor, trail, &mut Deferred::default())
}

/// A scalar at a root member, from a poller.
pub(crate) fn push_scalar(view: &View<'_>, trail: &mut Trail, node: u32, value: HitValue) {
    let leaf = view.node(node).leaf;
    if leaf != NONE {
        trail.hits.push(Hit::Value { leaf, value });
    }
}

/// Reads until the frames are empty.
fn descend(
    view: &View<'_>,
    shape: &Shape,
    cursor: &mut impl Cursor,
    trail: &mut Trail,
    deferred: &mut Deferred,
) -> Result<(), Lost> {
    while let Some(&frame) = trail.frames.last() {
        let next = if frame.array {
            cursor.next_element().then_some(Step::Into(frame.node))
        } else {
            cursor.next_member().map(|key| {
                let key = if key.escaped {
                    trail.key.clear();
                    // `check` has accepted the escapes.
                    if text::unescape_into(key.bytes, &mut trail.key).is_err() {
                        return Step::Over;
                    }
                    &trail.key
                } else {
                    key.bytes
                };
                if frame.node == 0
                    && let Some(step) = special(view, shape, key)
                {
                    return step;
                }
                child(view, frame.node, key, &mut trail.irregular).map_or(Step::Over, Step::Into)
            })
        };
        match next {
            None => trail.leave(),
            Some(Step::Over) => cursor.skip_value(),
            Some(Step::Into(node)) => value(view, cursor, trail, node, frame)?,
            Some(Step::Lift) => match cursor.value() {
                Seen::Object => trail.start_inside(0),
                Seen::Array => {
                    while cursor.next_element() {
                        cursor.skip_value();
                    }
                }
                _ => {}
            },
            Some(Step::Decode { node, payload }) => match cursor.value() {
                Seen::Lost => return Err(Lost),
                Seen::String(located) => deferred.set(trail, payload, Found::String(located)),
                // A payload that is no string was decoded by somebody before: it is read as it lies.
                seen @ (Seen::Object | Seen::Array) => {
                    deferred.set(trail, payload, Found::Container);
                    trail.enter_decoded(view, node, seen == Seen::Array, frame, payload);
                }
                _ => deferred.set(trail, payload, Found::Other),
            },
        }
    }
    Ok(())
}

/// What to do with a member.
enum Step {
    /// Skip its value.
    Over,
    /// Its value is at this node.
    Into(u32),
    /// Its members are members of the root.
    Lift,
    /// Its value is to be decoded first.
    Decode { node: u32, payload: bool },
}

/// What the shape of a source says about a root member.
#[inline]
fn special(view: &View<'_>, shape: &Shape, key: &[u8]) -> Option<Step> {
    let root = view.node(0);
    let decode = |key: &str, payload| match view.child(root, key.as_bytes()) {
        Some(node) => Step::Decode { node, payload },
        None => Step::Over,
    };
    if let Some(payload) = shape.payload
        && payload.key.as_bytes() == key
    {
        return Some(decode(payload.key, true));
    }
    if let Some(beside) = shape.beside
        && beside.as_bytes() == key
    {
        return Some(decode(beside, false));
    }
    (shape.lifted.is_some_and(|lifted| lifted.as_bytes() == key)).then_some(Step::Lift)
}

impl Trail {
    /// Forgets the record before.
    pub(crate) fn begin(&mut self, view: &View<'_>) {
        self.hits.clear();
        self.frames.clear();
        self.text.clear();
        self.scopes.clear();
        self.irregular = false;
        self.decoded = [None; 2];
        let nodes = view.node_len() as usize;
        if self.visited.len() != nodes || self.numbered > u32::MAX / 2 {
            self.visited.clear();
            self.visited.resize(nodes, 0);
            self.numbered = 0;
        }
        self.numbered += 1;
        self.scopes.push(self.numbered);
    }

    /// Where the hits stand now.
    pub(crate) fn mark(&self) -> Mark {
        Mark { hits: self.hits.len(), irregular: self.irregular }
    }

    /// Forgets the hits since then. Visits and numbers stay: they only tell things apart.
    pub(crate) fn take_back(&mut self, mark: Mark) {
        self.hits.truncate(mark.hits);
        self.irregular = mark.irregular;
        self.scopes.truncate(1);
        self.frames.clear();
    }

    /// The cursor has entered the outermost object.
    pub(crate) fn start(&mut self, node: u32) {
        self.frames.clear();
        self.start_inside(node);
    }

    /// The cursor has entered an object that is no scope and stands nowhere.
    pub(crate) fn start_inside(&mut self, node: u32) {
        self.frames.push(Frame { node, array: false, scope: false, number: 0 });
    }

    /// The cursor has left the innermost container.
    #[inline]
    pub(crate) fn leave(&mut self) {
        if self.frames.pop().is_some_and(|frame| frame.scope) {
            self.hits.push(Hit::Close);
            self.scopes.pop();
        }
        for decoded in self.decoded.iter_mut().flatten() {
            if decoded.to.is_none() && decoded.outside == self.frames.len() {
                decoded.to = Some(self.hits.len());
            }
        }
    }

    /// The cursor has entered a container that stands where the payload should (`payload`), or the member beside it.
    pub(crate) fn enter_decoded(&mut self, view: &View<'_>, at: u32, array: bool, inside: Frame, payload: bool) {
        let (from, outside) = (self.hits.len(), self.frames.len());
        self.decoded[usize::from(payload)] = Some(Decoded { from, to: None, outside });
        self.enter(view, at, array, inside);
    }

    /// Forgets what was found in the last such container, if there was one. As with [`Trail::take_back`], visits and
    /// numbers stay.
    pub(crate) fn forget_decoded(&mut self, payload: bool) {
        let Some(Decoded { from, to, .. }) = self.decoded[usize::from(payload)].take() else { return };
        let to = to.unwrap_or(self.hits.len());
        self.hits.drain(from..to);
        if let Some(other) = &mut self.decoded[usize::from(!payload)]
            && other.from >= to
        {
            other.from -= to - from;
            other.to = other.to.map(|end| end - (to - from));
        }
    }

    /// The cursor has entered a container at a node.
    #[inline]
    pub(crate) fn enter(&mut self, view: &View<'_>, at: u32, array: bool, inside: Frame) {
        let node = view.node(at);
        let scope = inside.array && node.is_scoped();
        if scope {
            self.hits.push(Hit::Open { depth: node.depth(), array: inside.number });
            self.numbered += 1;
            self.scopes.push(self.numbered);
        } else if node.is_scoped() {
            self.visit(at);
        }
        // A value and fields at one path, in an array: which of them go together is not told by scopes.
        self.irregular |= array && node.is_scoped() && node.leaf != NONE;
        self.numbered += 1;
        self.frames.push(Frame { node: at, array, scope, number: self.numbered });
    }

    /// A container was met at a node whose elements are scopes.
    fn visit(&mut self, node: u32) {
        let scope = self.scopes.last().copied().unwrap_or(0);
        let visited = &mut self.visited[node as usize];
        self.irregular |= *visited == scope;
        *visited = scope;
    }
}

/// Reads the value at a node that lies on some filter's path.
#[inline]
fn value(view: &View<'_>, cursor: &mut impl Cursor, trail: &mut Trail, at: u32, inside: Frame) -> Result<(), Lost> {
    let node = view.node(at);
    let value = match cursor.value() {
        seen @ (Seen::Object | Seen::Array) => {
            trail.enter(view, at, seen == Seen::Array, inside);
            return Ok(());
        }
        Seen::Lost => return Err(Lost),
        Seen::String(located) => HitValue::String(located),
        Seen::Number(located) => HitValue::Number(located),
        Seen::Integer(value) => HitValue::Number(spell(value, &mut trail.text)),
        Seen::True => HitValue::True,
        Seen::False => HitValue::False,
        Seen::Null => HitValue::Null,
    };
    if node.leaf != NONE {
        trail.hits.push(Hit::Value { leaf: node.leaf, value });
    }
    Ok(())
}

/// The node under `key`, which is one segment, or several where it holds dots. An empty key is only walked
/// if the reference would.
#[inline]
fn child(view: &View<'_>, from: u32, key: &[u8], irregular: &mut bool) -> Option<u32> {
    let node = view.node(from);
    if memchr::memchr(b'.', key).is_none() {
        let child = view.child(node, key)?;
        let walked = !key.is_empty() || view.node(child).flags & NODE_EMPTY_KEY != 0;
        return walked.then_some(child);
    }
    let mut at = from;
    let mut dotted = false;
    for segment in key.split(|&byte| byte == b'.') {
        // Passing a node whose elements are scopes without a container of its own.
        *irregular |= dotted && view.node(at).is_scoped();
        at = view.child(view.node(at), segment)?;
        dotted = true;
    }
    Some(at)
}

pub(crate) fn spell(value: i128, text: &mut Vec<u8>) -> Located {
    use std::io::Write as _;
    let start = text.len();
    // Writing to a vector cannot fail.
    let _ = write!(text, "{value}");
    Located { buffer: Buffer::Text, escaped: false, start: start as u32, len: (text.len() - start) as u32 }
}
