//! Features like those of the CityLots file: nine short properties first, then rows of coordinates, spaced as by a printer.
//! Five exact filters look at the first property, so engines that stop there read a tenth of a record.

use std::fmt::Write as _;

use eventsieve::Source;

use super::{PerMille, Role, Workload, records};
use crate::payload::Payload;

/// What the five filters look for; every other feature has a number of seven digits that begins otherwise.
const LOTS: [&str; 5] = ["9430022", "9607117", "9607218", "9745012", "VACSTWIL"];

/// Five exact filters on the first property.
pub fn five_exact(bytes: usize, share: PerMille) -> Workload {
    let (records, expected) = records(5, bytes, share, |random, _, role, text| {
        let lot = match role {
            Role::Hit => random.pick(&LOTS).to_owned(),
            _ => format!("{:04}{:03}", 1 + random.below(8_998), 1 + random.below(199)),
        };
        let (block, number) = (&lot[..4], 1 + random.below(199));
        let street =
            random.pick(&["FULTON", "MASON", "HYDE", "CHESTNUT", "MISSION", "FOLSOM", "TURK", "UNION", "GALINDO"]);
        let from = 1 + random.below(4_200);
        let _ = write!(
            text,
            "{{ \"type\": \"Feature\", \"properties\": {{ \"MAPBLKLOT\": \"{lot}\", \"BLKLOT\": \"{block}{number:03}\", \"BLOCK_NUM\": \
             \"{block}\", \"LOT_NUM\": \"{number:03}\", \"FROM_ST\": \"{from}\", \"TO_ST\": \"{from}\", \"STREET\": \"{street}\", \
             \"ST_TYPE\": \"{}\", \"ODD_EVEN\": \"{}\" }}, \"geometry\": {{ \"type\": \"Polygon\", \"coordinates\": [ ",
            random.pick(&["ST", "ST", "AVE", "BLVD", "WAY"]),
            random.pick(&["E", "O"]),
        );
        let (x, y) = (-122.4 - random.decimal(0, 1) / 8.0, 37.708 + random.decimal(0, 1) / 10.0);
        let points = 5 + random.below(9);
        for point in 0..points {
            let (dx, dy) = (random.decimal(0, 1) * 6e-4, random.decimal(0, 1) * 6e-4);
            let comma = if point == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}{{ \"x\": {}, \"y\": {}, \"z\": 0.0 }}", x + dx, y + dy);
        }
        text.push_str(" ] } }");
    });
    Workload {
        name: String::new(),
        source: Source::Raw,
        payload: Payload::Whole,
        patterns: LOTS.iter().map(|lot| format!(r#"{{"properties":{{"MAPBLKLOT":["{lot}"]}}}}"#)).collect(),
        literal: None,
        records,
        expected,
    }
}
