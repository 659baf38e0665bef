//! What a site remembers for a while: sessions, and whatever is on its way.
//!
//! It lives in memory. A real site keeps it in its database, so that a restart signs nobody out.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};

/// A value that nobody can guess: 256 random bits.
pub fn random() -> String {
    openidconnect::CsrfToken::new_random_len(32).into_secret()
}

/// Values that go by themselves when their time has come.
///
/// It never holds more than its limit: what would end soonest goes first, so that a flood of requests costs the
/// flooder's own sign-ins rather than our memory.
pub struct Shelf<T> {
    limit: usize,
    entries: Mutex<HashMap<String, Entry<T>>>,
}

struct Entry<T> {
    ends_at: DateTime<Utc>,
    value: T,
}

impl<T: Clone> Shelf<T> {
    /// The value under this key, unless its time has come.
    pub fn find(&self, key: &str, now: DateTime<Utc>) -> Option<T> {
        let entries = self.entries();
        entries.get(key).filter(|entry| now < entry.ends_at).map(|entry| entry.value.clone())
    }
}

impl<T> Shelf<T> {
    /// An empty shelf for at most so many values.
    pub fn new(limit: usize) -> Self {
        Self { limit, entries: Mutex::new(HashMap::new()) }
    }

    /// Puts a value under a key and says whether the key was free.
    pub fn put(&self, key: String, value: T, ends_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let mut entries = self.entries();
        entries.retain(|_, entry| now < entry.ends_at);
        if entries.len() >= self.limit {
            let soonest = entries.iter().min_by_key(|(_, entry)| entry.ends_at);
            if let Some(key) = soonest.map(|(key, _)| key.clone()) {
                entries.remove(&key);
            }
        }
        entries.insert(key, Entry { ends_at, value }).is_none()
    }

    /// Takes the value under this key away, so that it serves once.
    pub fn take(&self, key: &str, now: DateTime<Utc>) -> Option<T> {
        let entry = self.entries().remove(key)?;
        (now < entry.ends_at).then_some(entry.value)
    }

    /// Takes away all values of which this is true, and says how many they were.
    pub fn remove_where(&self, is_meant: impl Fn(&T) -> bool) -> usize {
        let mut entries = self.entries();
        let before = entries.len();
        entries.retain(|_, entry| !is_meant(&entry.value));
        before - entries.len()
    }

    /// No code panics while it holds the lock, so a poisoned one still guards sound entries.
    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry<T>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn a_value_is_found_until_its_time_and_not_at_it() {
        let shelf = Shelf::new(9);
        shelf.put("k".to_owned(), 1, at(10), at(0));
        assert_eq!(shelf.find("k", at(9)), Some(1));
        assert_eq!(shelf.find("k", at(10)), None);
        assert_eq!(shelf.take("k", at(10)), None);
    }

    #[test]
    fn a_value_is_taken_once() {
        let shelf = Shelf::new(9);
        shelf.put("k".to_owned(), 1, at(10), at(0));
        assert_eq!(shelf.take("k", at(1)), Some(1));
        assert_eq!(shelf.take("k", at(1)), None);
    }

    #[test]
    fn a_key_is_free_again_when_its_time_has_come() {
        let shelf = Shelf::new(9);
        assert!(shelf.put("k".to_owned(), (), at(10), at(0)));
        assert!(!shelf.put("k".to_owned(), (), at(10), at(9)));
        assert!(shelf.put("k".to_owned(), (), at(20), at(10)));
    }

    #[test]
    fn a_full_shelf_gives_up_what_would_end_soonest() {
        let shelf = Shelf::new(2);
        shelf.put("late".to_owned(), 1, at(30), at(0));
        shelf.put("soon".to_owned(), 2, at(20), at(0));
        shelf.put("new".to_owned(), 3, at(25), at(0));
        assert_eq!(shelf.find("soon", at(1)), None);
        assert_eq!((shelf.find("late", at(1)), shelf.find("new", at(1))), (Some(1), Some(3)));
    }

    #[test]
    fn random_values_are_long_and_differ() {
        assert_eq!(random().len(), 43);
        assert_ne!(random(), random());
    }
}
