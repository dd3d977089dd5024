//! The instruction set: one table, from which everything else follows.
//!
//! An instruction is 16 bytes: operation, flags `x`, a reserved `u16` (zero), and three `u32` operands
//! `a`, `b`, `c`, little endian. [`instructions!`](self) below has one row for each. From a row come the
//! opcode enum, the decoder, the encoder ([`Inst::to_bytes`]), the verifier's rule for every operand
//! ([`Op::operands`]) and the disassembler's line. Adding an instruction is one row here and one arm in
//! the vm's `exec`.
//!
//! The code of one leaf runs from its first instruction to an [`Op::End`]. It sees one value. Jumps only
//! go forward, so it always ends.
//!
//! *Outcome*: an instruction that tests something says in flag bit 0 what a success does: 0, slot `c`
//! is satisfied and the next instruction runs; 1, the next instruction is at `c`. A failed test always
//! goes on with the next instruction.

/// What an operand field holds: how it is verified and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// Unused; must be zero.
    Zero,
    /// The index of a later instruction of the program.
    Pc,
    /// A slot.
    Slot,
    /// A slot or, if flag bit 0 is set, the index of a later instruction.
    Outcome,
    /// Offset of bytes in the literal pool; the field after it is their length.
    Literal,
    /// Length of the literal whose offset the field before it holds.
    Len,
    /// Offset of one little-endian `f64` in the literal pool.
    F64,
    /// Offset of two little-endian `f64` in the literal pool, the first not above the second.
    F64Pair,
    /// Offset of two little-endian `u128` in the literal pool, the first not above the second.
    U128Pair,
    /// A literal that is a fold sequence, see [`crate::fold`].
    FoldLiteral,
    /// A literal that is a glob, see [`crate::glob`].
    GlobLiteral,
    /// A string table.
    Table,
    /// An automaton.
    Dfa,
}

/// One decoded instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inst {
    /// What to do.
    pub op: Op,
    /// Flags; bit 0 chooses the outcome, the others belong to the operation.
    pub x: u8,
    /// First operand.
    pub a: u32,
    /// Second operand.
    pub b: u32,
    /// Third operand, usually the outcome.
    pub c: u32,
}

/// Bytes of one instruction.
pub const INST_BYTES: usize = 16;

/// Flag bit 0: success jumps to `c` instead of satisfying slot `c`.
pub const GOTO: u8 = 1;
/// Flag bit 1 of [`Op::Between`]: the lower end is outside.
pub const LOW_OPEN: u8 = 2;
/// Flag bit 2 of [`Op::Between`]: the upper end is outside.
pub const HIGH_OPEN: u8 = 4;
/// Flag bit 1 of [`Op::Address`]: the range is of IPv6 addresses.
pub const V6: u8 = 2;

macro_rules! instructions {
    ($( $(#[doc = $doc:literal])* $code:literal $name:ident $mnemonic:literal flags $flags:literal ($a:ident, $b:ident, $c:ident); )*) => {
        /// What an instruction does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Op {
            $( $(#[doc = $doc])* $name = $code, )*
        }

        impl Op {
            /// Every operation, in the order of the opcodes.
            pub const ALL: &'static [Op] = &[$(Op::$name),*];

            /// The operation of an opcode.
            pub fn from_code(code: u8) -> Option<Op> {
                match code { $($code => Some(Op::$name),)* _ => None }
            }

            /// The word the disassembler prints.
            pub fn mnemonic(self) -> &'static str {
                match self { $(Op::$name => $mnemonic),* }
            }

            /// The flag bits that may be set.
            pub fn legal_flags(self) -> u8 {
                match self { $(Op::$name => $flags),* }
            }

            /// What `a`, `b` and `c` hold.
            pub fn operands(self) -> [Operand; 3] {
                match self { $(Op::$name => [Operand::$a, Operand::$b, Operand::$c]),* }
            }
        }
    };
}

instructions! {
    /// No more tests for this value.
    0 End "end" flags 0 (Zero, Zero, Zero);
    /// Slot `c` is satisfied (flag 0), or go on at `c`: any value will do.
    1 Always "always" flags 1 (Zero, Zero, Outcome);
    /// The value is no string: go on at `a`.
    2 UnlessString "unless-string" flags 0 (Pc, Zero, Zero);
    /// The value is no number: go on at `a`.
    3 UnlessNumber "unless-number" flags 0 (Pc, Zero, Zero);
    /// The value is `true`.
    4 True "true" flags 1 (Zero, Zero, Outcome);
    /// The value is `false`.
    5 False "false" flags 1 (Zero, Zero, Outcome);
    /// The value is `null`.
    6 Null "null" flags 1 (Zero, Zero, Outcome);
    /// The string equals the literal; lone surrogates are themselves.
    7 Exact "exact" flags 1 (Literal, Len, Outcome);
    /// The string begins with the literal; lone surrogates read as `?`, as in every test below.
    8 Prefix "prefix" flags 1 (Literal, Len, Outcome);
    /// The string ends with the literal.
    9 Suffix "suffix" flags 1 (Literal, Len, Outcome);
    /// The string equals the fold sequence.
    10 Fold "fold" flags 1 (FoldLiteral, Len, Outcome);
    /// The string begins with the fold sequence.
    11 FoldPrefix "fold-prefix" flags 1 (FoldLiteral, Len, Outcome);
    /// The string ends with the fold sequence.
    12 FoldSuffix "fold-suffix" flags 1 (FoldLiteral, Len, Outcome);
    /// The glob matches the whole string.
    13 Glob "glob" flags 1 (GlobLiteral, Len, Outcome);
    /// The string is an address inside the range; flag bit 1: of IPv6.
    14 Address "address" flags 3 (U128Pair, Zero, Outcome);
    /// The string is a member of table `a`.
    15 Member "member" flags 1 (Table, Zero, Outcome);
    /// The string is looked up in table `a`; every slot listed there is satisfied.
    16 Lookup "lookup" flags 0 (Table, Zero, Zero);
    /// The string runs through automaton `a`; every slot listed at its last state is satisfied.
    17 Scan "scan" flags 0 (Dfa, Zero, Zero);
    /// The number is comparable and equals the `f64` at `a`.
    18 Number "number" flags 1 (F64, Zero, Outcome);
    /// The number is comparable and lies between the two `f64` at `a`; flag bits 1 and 2 open the ends.
    19 Between "between" flags 7 (F64Pair, Zero, Outcome);
    /// The number is not comparable and spelled exactly as the literal.
    20 Spelling "spelling" flags 1 (Literal, Len, Outcome);
}

impl Inst {
    /// An instruction without operands.
    pub fn plain(op: Op) -> Inst {
        Inst { op, x: 0, a: 0, b: 0, c: 0 }
    }

    /// The 16 bytes of this instruction.
    pub fn to_bytes(self) -> [u8; INST_BYTES] {
        let mut bytes = [0; INST_BYTES];
        bytes[0] = self.op as u8;
        bytes[1] = self.x;
        bytes[4..8].copy_from_slice(&self.a.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.b.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.c.to_le_bytes());
        bytes
    }

    /// Decodes 16 bytes; `None` where the opcode is unknown or the reserved bytes are not zero.
    #[inline]
    pub fn from_bytes(bytes: &[u8; INST_BYTES]) -> Option<Inst> {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if bytes[2] != 0 || bytes[3] != 0 {
            return None;
        }
        Some(Inst { op: Op::from_code(bytes[0])?, x: bytes[1], a: word(4), b: word(8), c: word(12) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_survives_encoding() {
        for &op in Op::ALL {
            let inst = Inst { op, x: op.legal_flags(), a: 1, b: 0xdead_beef, c: u32::MAX };
            assert_eq!(Inst::from_bytes(&inst.to_bytes()), Some(inst));
        }
    }

    #[test]
    fn opcodes_are_dense_and_names_unique() {
        let mut names = std::collections::BTreeSet::new();
        for (code, &op) in Op::ALL.iter().enumerate() {
            assert_eq!(op as usize, code);
            assert!(names.insert(op.mnemonic()));
        }
        assert_eq!(Op::from_code(Op::ALL.len() as u8), None);
    }
}
