//! What does compiling cost, in time and in memory? Ours and quamina, from the texts of the patterns to the first answer.
//!
//! ```sh
//! cargo bench -p eventsieve-benches --bench compile
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use clap::Parser;
use eventsieve_benches::engines::ours_and_quamina;
use eventsieve_benches::report::processor;
use eventsieve_benches::workloads::{Workload, many};

/// Counts what is allocated and not yet freed.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to the system's allocator as it came; the counter takes part in nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps `alloc`'s contract, which is the same one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the pointer came from `System` by way of `alloc`, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Measures how long filters take to compile and how many bytes they occupy.
#[derive(Parser)]
#[command(name = "compile", version)]
struct Arguments {
    /// No sets of more filters than this.
    #[arg(long, value_name = "FILTERS", default_value_t = 100_000)]
    most: usize,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    println!("{}, one thread; bytes are those a filter adds to the heap, scratch included\n", processor());
    println!(
        "{:8}{:>9}  {:12}{:>12}{:>16}{:>18}",
        "filters", "", "engine", "ms", "heap, B/filter", "its own, B/filter"
    );
    type Make = fn(usize, usize) -> Workload;
    let sets: [(&str, Make, &[usize]); 2] =
        [("exact", many::exact, &[1, 1_000, 10_000, 100_000]), ("mixed", many::mixed, &[10, 100, 1_000])];
    for (name, make, counts) in sets {
        for &count in counts.iter().filter(|&&count| count <= arguments.most) {
            let workload = make(1 << 20, count);
            for engine in ours_and_quamina() {
                let before = LIVE.load(Ordering::Relaxed);
                let start = Instant::now();
                // The first answer belongs to it: an engine may put off a part of its work until then.
                let ready = engine.prepare(&workload).map(|mut prepared| {
                    prepared.run(workload.records.first(1));
                    prepared
                });
                let milliseconds = start.elapsed().as_secs_f64() * 1e3;
                let heap = LIVE.load(Ordering::Relaxed).saturating_sub(before) / count;
                let prefix = format!("{name:8}{count:>9}  {:12}", engine.name());
                match ready {
                    Ok(prepared) => {
                        let own = prepared.compiled_bytes().map_or("-".to_owned(), |bytes| (bytes / count).to_string());
                        println!("{prefix}{milliseconds:>12.2}{heap:>16}{own:>18}");
                    }
                    Err(why) => println!("{prefix}{why:>12}"),
                }
            }
        }
    }
}
