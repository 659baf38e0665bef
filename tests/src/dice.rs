//! Chance that can be had again.

/// A small generator (xorshift), so that a run can be repeated from its seed.
pub struct Dice(u64);

impl Dice {
    /// A new one. The seed is printed; `HILUM_TEST_SEED` gives one.
    #[must_use]
    pub fn new() -> Self {
        let seed = std::env::var("HILUM_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed: u64 = seed.unwrap_or_else(|| u64::try_from(crate::now()).expect("after 1970"));
        println!("HILUM_TEST_SEED={seed}");
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number from nought to `sides` less one.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let sides = u64::try_from(sides).expect("a number of sides");
        usize::try_from(self.0 % sides).expect("less than the sides")
    }

    /// True once in so many rolls.
    pub fn once_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    /// One of several things, if there is one.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        (!of.is_empty()).then(|| &of[self.roll(of.len())])
    }
}

impl Default for Dice {
    fn default() -> Self {
        Self::new()
    }
}
