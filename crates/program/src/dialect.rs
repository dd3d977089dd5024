//! Which service a criteria is written for, and where records come from.

use std::{fmt, str::FromStr};

/// Which operators and limits are legal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Filter criteria of a Lambda event source mapping.
    Lambda,
    /// Filter criteria of an EventBridge pipe.
    Pipes,
    /// Event pattern of an EventBridge rule: every operator.
    EventBridge,
}

/// Where records come from, and so what a filter sees of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The record is what the pattern sees.
    Raw,
    /// Amazon SQS.
    Sqs,
    /// Amazon Kinesis Data Streams.
    Kinesis,
    /// Amazon DynamoDB Streams.
    DynamoDb,
    /// Amazon MSK.
    Msk,
    /// Self-managed Apache Kafka.
    Kafka,
    /// Amazon MQ for ActiveMQ.
    ActiveMq,
    /// Amazon MQ for RabbitMQ.
    RabbitMq,
    /// Amazon DocumentDB.
    DocumentDb,
}

/// A name that is no [`Dialect`] or no [`Source`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    name: String,
    legal: &'static [&'static str],
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown name {:?}; legal names are {}", self.name, self.legal.join(", "))
    }
}

impl std::error::Error for UnknownName {}

macro_rules! named {
    ($type:ident { $($variant:ident = $code:literal $name:literal),* $(,)? }) => {
        impl $type {
            /// Every value, in the order of their codes.
            pub const ALL: &'static [$type] = &[$($type::$variant),*];
            /// Every name, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The name users type.
            pub fn name(self) -> &'static str {
                match self { $($type::$variant => $name),* }
            }

            /// The byte that stands for it in a program.
            pub fn code(self) -> u8 {
                match self { $($type::$variant => $code),* }
            }

            /// The value that a byte of a program stands for.
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some($type::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = UnknownName;
            fn from_str(name: &str) -> Result<Self, UnknownName> {
                match name {
                    $($name => Ok($type::$variant),)*
                    _ => Err(UnknownName { name: name.to_owned(), legal: Self::NAMES }),
                }
            }
        }
    };
}

named!(Dialect { Lambda = 0 "lambda", Pipes = 1 "pipes", EventBridge = 2 "eventbridge" });
named!(Source {
    Raw = 0 "raw",
    Sqs = 1 "sqs",
    Kinesis = 2 "kinesis",
    DynamoDb = 3 "dynamodb",
    Msk = 4 "msk",
    Kafka = 5 "kafka",
    ActiveMq = 6 "activemq",
    RabbitMq = 7 "rabbitmq",
    DocumentDb = 8 "documentdb",
});

impl Source {
    /// The dialect a criteria for this source is written in unless its author says otherwise.
    pub fn default_dialect(self) -> Dialect {
        match self {
            Source::Raw => Dialect::EventBridge,
            _ => Dialect::Lambda,
        }
    }
}
