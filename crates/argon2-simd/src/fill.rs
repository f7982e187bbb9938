//! Filling the memory (RFC 9106, sections 3.2 and 3.4).

use argon2::{Algorithm, Block, Version};

use crate::compression::Compression;
use crate::context::Argon2;

/// The number of slices of a lane.
const SLICES: usize = 4;

/// The number of addresses in a block.
const ADDRESSES: usize = Block::SIZE / 8;

/// The division of the memory into lanes and segments.
struct Layout {
    lanes: usize,
    lane_length: usize,
    segment_length: usize,
}

/// A segment: the intersection of a lane and a slice, in one of the passes.
#[derive(Clone, Copy)]
struct Segment {
    pass: u32,
    slice: usize,
    lane: usize,
}

/// Computes all blocks in a pass, except the first two of each lane in the first pass, which are present.
pub(crate) fn fill(
    compression: &impl Compression,
    context: &Argon2<'_>,
    pass: u32,
    blocks: &mut [Block],
) {
    let lanes = context.params.p_cost() as usize;
    let layout = Layout {
        lanes,
        lane_length: blocks.len() / lanes,
        segment_length: blocks.len() / lanes / SLICES,
    };
    for slice in 0..SLICES {
        for lane in 0..lanes {
            let segment = Segment { pass, slice, lane };
            layout.fill_segment(compression, context, segment, blocks);
        }
    }
}

impl Layout {
    fn fill_segment(
        &self,
        compression: &impl Compression,
        context: &Argon2<'_>,
        segment: Segment,
        blocks: &mut [Block],
    ) {
        let Segment { pass, slice, lane } = segment;
        let independent = match context.algorithm {
            Algorithm::Argon2d => false,
            Algorithm::Argon2i => true,
            Algorithm::Argon2id => pass == 0 && slice < SLICES / 2,
        };
        let overwrite = pass == 0 || context.version == Version::V0x10;
        let mut addresses = independent.then(|| Addresses::new(context, segment, blocks.len()));
        let start = if pass == 0 && slice == 0 { 2 } else { 0 };
        let lane_start = lane * self.lane_length;
        for index in start..self.segment_length {
            let current = lane_start + slice * self.segment_length + index;
            let previous = if current == lane_start {
                lane_start + self.lane_length - 1
            } else {
                current - 1
            };
            let random = match &mut addresses {
                Some(addresses) => addresses.get(compression, index, index == start),
                None => blocks[previous].as_ref()[0],
            };
            let reference = self.reference(segment, index, random);
            let Ok([out, x, y]) = blocks.get_disjoint_mut([current, previous, reference]) else {
                unreachable!("a block refers to one that is complete and not the previous one");
            };
            if overwrite {
                compression.compress::<false>(x, y, out);
            } else {
                compression.compress::<true>(x, y, out);
            }
        }
    }

    /// Returns the position of the block that the block at `index` in the segment refers to, from its pseudo-random
    /// number (RFC 9106, section 3.4.2).
    fn reference(&self, segment: Segment, index: usize, random: u64) -> usize {
        let Segment { pass, slice, lane } = segment;
        let reference_lane = if pass == 0 && slice == 0 {
            lane
        } else {
            (random >> 32) as usize % self.lanes
        };
        // The complete segments of the lane, of this pass and the one before.
        let segments = if pass == 0 { slice } else { SLICES - 1 };
        let complete = segments * self.segment_length;
        let area = if reference_lane == lane {
            complete + index - 1
        } else {
            complete - usize::from(index == 0)
        };
        let random = random & u64::from(u32::MAX);
        let distance = (area as u64 * ((random * random) >> 32)) >> 32;
        let oldest = if pass == 0 {
            0
        } else {
            (slice + 1) % SLICES * self.segment_length
        };
        let column = oldest + area - 1 - distance as usize;
        let column = if column < self.lane_length {
            column
        } else {
            column - self.lane_length
        };
        reference_lane * self.lane_length + column
    }
}

/// The pseudo-random numbers of a segment that depend on its position only (RFC 9106, section 3.4.1.2).
struct Addresses {
    input: Block,
    addresses: Block,
}

impl Addresses {
    fn new(context: &Argon2<'_>, segment: Segment, blocks: usize) -> Self {
        let mut input = Block::new();
        input.as_mut()[..6].copy_from_slice(&[
            u64::from(segment.pass),
            segment.lane as u64,
            segment.slice as u64,
            blocks as u64,
            u64::from(context.params.t_cost()),
            context.algorithm as u64,
        ]);
        Self {
            input,
            addresses: Block::new(),
        }
    }

    /// Returns the number of the block at `index`. The caller asks for each one in turn, beginning at the `first`.
    fn get(&mut self, compression: &impl Compression, index: usize, first: bool) -> u64 {
        if first || index.is_multiple_of(ADDRESSES) {
            let zero = Block::new();
            let mut middle = Block::new();
            self.input.as_mut()[6] += 1;
            compression.compress::<false>(&zero, &self.input, &mut middle);
            compression.compress::<false>(&zero, &middle, &mut self.addresses);
        }
        self.addresses.as_ref()[index % ADDRESSES]
    }
}
