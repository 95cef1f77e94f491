//! Places for connections: so many in all, so many of one address, and a reserve for short questions such as probes when
//! the others are taken.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::client::limit_key;

/// Most connections of one address in the reserve.
const MOST_RESERVED: usize = 4;

/// Which kind of place a connection has; in the extensions of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A place of the general part.
    General,
    /// All others are taken, or all that its address may have: one request, answered at once, is all there is time for.
    Reserve,
}

/// Addresses of which any number of connections is let in, such as proxies.
#[derive(Clone)]
pub struct Exempt(Arc<dyn Fn(IpAddr) -> bool + Send + Sync>);

impl Exempt {
    /// Exempts the addresses for which this is true.
    pub fn when(is_exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(is_exempt))
    }
}

impl Default for Exempt {
    fn default() -> Self {
        Self::when(|_| false)
    }
}

impl fmt::Debug for Exempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exempt")
    }
}

/// How many places there are.
#[derive(Debug, Clone)]
pub struct Room {
    /// Connections that any client may hold.
    pub general: usize,
    /// Beside the general ones.
    pub reserve: usize,
    /// General ones of one address (of one /64 network, IPv6).
    pub per_address: usize,
    /// Addresses without a bound of their own, such as trusted proxies.
    pub exempt: Exempt,
}

/// The places and who has them.
pub(crate) struct Places {
    room: Room,
    general: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
    taken: Mutex<HashMap<IpAddr, Taken>>,
}

#[derive(Default, Clone, Copy)]
struct Taken {
    general: usize,
    reserve: usize,
}

impl Taken {
    fn of(&mut self, place: Place) -> &mut usize {
        match place {
            Place::General => &mut self.general,
            Place::Reserve => &mut self.reserve,
        }
    }
}

/// A place that is free for the next connection.
pub(crate) struct Free(Place, OwnedSemaphorePermit);

/// A place that a connection has until it ends.
pub(crate) struct Seat {
    pub place: Place,
    _permit: OwnedSemaphorePermit,
    address: IpAddr,
    places: Arc<Places>,
}

impl Places {
    pub(super) fn new(room: Room) -> Arc<Self> {
        let semaphore = |places: usize| Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let (general, reserve) = (semaphore(room.general), semaphore(room.reserve));
        Arc::new(Self { room, general, reserve, taken: Mutex::default() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, Taken>> {
        // counts are changed by single statements
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place, a general one where there is one.
    pub(super) async fn free(&self) -> Free {
        let take = |places: &Arc<Semaphore>| Arc::clone(places).acquire_owned();
        tokio::select! {
            biased;
            Ok(permit) = take(&self.general) => Free(Place::General, permit),
            Ok(permit) = take(&self.reserve) => Free(Place::Reserve, permit),
            // no semaphore is ever closed
            else => std::future::pending().await,
        }
    }

    /// Gives the connection of an address its place; `None` where it gets none.
    pub(super) fn seat(self: &Arc<Self>, free: Free, peer: IpAddr) -> Option<Seat> {
        let address = limit_key(peer);
        let Free(mut place, mut permit) = free;
        if place == Place::Reserve
            && let Ok(general) = Arc::clone(&self.general).try_acquire_owned()
        {
            (place, permit) = (Place::General, general);
        }
        let mut taken = self.taken();
        let mut now = taken.get(&address).copied().unwrap_or_default();
        if place == Place::General && now.general >= self.room.per_address && !(self.room.exempt.0)(peer) {
            (place, permit) = (Place::Reserve, Arc::clone(&self.reserve).try_acquire_owned().ok()?);
        }
        if place == Place::Reserve && now.reserve >= MOST_RESERVED {
            return None;
        }
        *now.of(place) += 1;
        taken.insert(address, now);
        drop(taken);
        Some(Seat { place, _permit: permit, address, places: Arc::clone(self) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(now) = taken.get_mut(&self.address) {
            *now.of(self.place) -= 1;
            if now.general + now.reserve == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    async fn seat(places: &Arc<Places>, peer: IpAddr) -> Option<Seat> {
        places.seat(places.free().await, peer)
    }

    fn room(general: usize, reserve: usize, per_address: usize) -> Room {
        Room { general, reserve, per_address, exempt: Exempt::default() }
    }

    #[tokio::test]
    async fn one_address_leaves_room_for_others_and_gets_a_little_of_the_reserve() {
        let places = Places::new(room(10, 10, 2));
        let mut seats = Vec::new();
        for _ in 0..2 + MOST_RESERVED {
            seats.push(seat(&places, HERE).await.expect("a place"));
        }
        let kinds: Vec<Place> = seats.iter().map(|seat| seat.place).collect();
        assert_eq!(kinds[..2], [Place::General; 2]);
        assert_eq!(kinds[2..], [Place::Reserve; MOST_RESERVED]);
        assert!(seat(&places, HERE).await.is_none());
        assert_eq!(seat(&places, THERE).await.expect("a place").place, Place::General);
        seats.remove(0);
        assert_eq!(seat(&places, HERE).await.expect("a place").place, Place::General, "it was given free");
        seats.clear();
        assert!(places.taken().is_empty(), "nobody is counted who has nothing");
    }

    #[tokio::test]
    async fn exempt_addresses_are_not_counted_against_the_bound() {
        let places = Places::new(Room { exempt: Exempt::when(|peer| peer == THERE), ..room(10, 0, 1) });
        let mut seats = Vec::new();
        for _ in 0..5 {
            seats.push(seat(&places, THERE).await.expect("a place"));
        }
        assert!(seats.iter().all(|seat| seat.place == Place::General));
        let _one = seat(&places, HERE).await.expect("a place");
        assert!(seat(&places, HERE).await.is_none());
    }

    #[tokio::test]
    async fn the_reserve_is_for_when_all_is_taken() {
        let places = Places::new(room(1, 1, 10));
        let first = seat(&places, HERE).await.expect("a place");
        let waiting = places.free().await;
        assert_eq!(waiting.0, Place::Reserve);
        drop(first);
        // a general one became free while the connection was waited for
        assert_eq!(places.seat(waiting, THERE).expect("a place").place, Place::General);
    }
}
