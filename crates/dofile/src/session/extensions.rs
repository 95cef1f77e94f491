//! State that commands keep between calls: one value for each type. A command defines a type for its state,
//! implements [`Extension`] for it, and reads it with [`Extensions::get`] or [`Extensions::state`].

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt::Debug;

/// The state of a command.
pub trait Extension: Any + Debug + Send {
    /// Drops what belongs to a temporary name that goes out of scope.
    fn drop_temporary(&mut self, _name: &str) {}
}

/// The states of all commands, by type.
#[derive(Debug, Default)]
pub struct Extensions {
    states: HashMap<TypeId, Box<dyn Extension>>,
}

impl Extensions {
    /// Returns a state, if it was set.
    pub fn get<T: Extension>(&self) -> Option<&T> {
        let state: &dyn Any = self.states.get(&TypeId::of::<T>())?.as_ref();
        state.downcast_ref()
    }

    /// Returns a state to change, if it was set.
    pub fn get_mut<T: Extension>(&mut self) -> Option<&mut T> {
        let state: &mut dyn Any = self.states.get_mut(&TypeId::of::<T>())?.as_mut();
        state.downcast_mut()
    }

    /// Returns a state to change; a state that was not set starts with its default.
    pub fn state<T: Extension + Default>(&mut self) -> &mut T {
        let slot = self.states.entry(TypeId::of::<T>()).or_insert_with(|| Box::new(T::default()));
        let state: &mut dyn Any = slot.as_mut();
        state.downcast_mut().expect("a state is stored under its own type")
    }

    /// Sets a state.
    pub fn set<T: Extension>(&mut self, state: T) {
        self.states.insert(TypeId::of::<T>(), Box::new(state));
    }

    /// Removes a state.
    pub fn remove<T: Extension>(&mut self) {
        self.states.remove(&TypeId::of::<T>());
    }

    /// Removes all states.
    pub fn clear(&mut self) {
        self.states.clear();
    }

    /// Drops what belongs to a temporary name that goes out of scope.
    pub fn drop_temporary(&mut self, name: &str) {
        self.states.values_mut().for_each(|state| state.drop_temporary(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Names(Vec<String>);

    impl Extension for Names {
        fn drop_temporary(&mut self, name: &str) {
            self.0.retain(|n| n != name);
        }
    }

    #[derive(Debug, Default, PartialEq)]
    struct Count(u32);

    impl Extension for Count {}

    #[test]
    fn each_type_has_its_own_state() {
        let mut all = Extensions::default();
        assert_eq!(all.get::<Count>(), None);
        all.state::<Count>().0 += 2;
        all.set(Names(vec!["a".into(), "b".into()]));
        assert_eq!(all.get_mut::<Count>(), Some(&mut Count(2)));
        all.drop_temporary("a");
        assert_eq!(all.get(), Some(&Names(vec!["b".into()])));
        all.remove::<Count>();
        assert_eq!(all.get::<Count>(), None);
        all.clear();
        assert_eq!(all.get::<Names>(), None);
    }
}
