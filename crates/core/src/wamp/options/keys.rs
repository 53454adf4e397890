//! One declaration per dict of options or details: its keys, their types and defaults, and what they are for.

use crate::wamp::message::{ElementError, Fault, Source};
use crate::wamp::serializer::{Reader, Writer};

/// A set of keys in a dict.
pub(crate) trait Keys: Default {
    /// How many keys there are.
    const COUNT: u32;

    /// Whether the key is one of them.
    fn has(key: &str) -> bool;

    /// Reads the value of the key, if it is one of these. `first` is the number of the first of these keys in `seen`.
    fn read_key<'a, R: Reader<'a>>(
        &mut self,
        key: &str,
        source: &mut Source<'a, R>,
        seen: &mut Seen,
        first: u32,
    ) -> Result<bool, Fault>;

    /// How many keys are written: those that do not have their default.
    fn count(&self) -> usize;

    /// Writes these keys.
    fn write_keys<W: Writer>(&self, out: &mut W);
}

/// Which keys were there, since none may be there twice.
#[derive(Default)]
pub(crate) struct Seen(u64);

impl Seen {
    pub(crate) const fn mark(&mut self, number: u32, key: &'static str) -> Result<(), Fault> {
        if self.0 >> number & 1 == 1 {
            return Err(Fault::Key(key, ElementError::KeyRepeated));
        }
        self.0 |= 1 << number;
        Ok(())
    }
}

/// Declares keys that several messages share. Only their dicts have room for keys that are not known.
macro_rules! group {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$key_doc:meta])* $field:ident: $type:ty = $default:expr, $key:literal $(| $alias:literal)*;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $name { $($(#[$key_doc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        crate::wamp::options::keys::impl_keys!($name {
            $($field: $type = $default, $key $(| $alias)*;)*
        });
    };
}
pub(crate) use group;

/// Declares the dict of a message.
macro_rules! options {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$key_doc:meta])* $field:ident: $type:ty = $default:expr, $key:literal $(| $alias:literal)*;)*
        $(.. $(#[$group_doc:meta])* $group:ident: $group_type:ty;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$key_doc])* pub $field: $type,)*
            $($(#[$group_doc])* pub $group: Option<alloc::boxed::Box<$group_type>>,)*
            /// Keys that are not known here, to be passed on or ignored.
            pub extra: crate::wamp::Dict,
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: $default,)*
                    $($group: None,)*
                    extra: crate::wamp::Dict::new(),
                }
            }
        }

        crate::wamp::options::keys::impl_keys!($name {
            $($field: $type = $default, $key $(| $alias)*;)*
            $(.. $group: $group_type;)*
        });

        impl crate::wamp::message::Element for $name {
            fn read<'a, R: crate::wamp::serializer::Reader<'a>>(
                source: &mut crate::wamp::message::Source<'a, R>,
            ) -> Result<Self, crate::wamp::message::Fault> {
                let mut options = Self::default();
                options.extra = crate::wamp::message::read_dict(source, |source, key, seen| {
                    crate::wamp::options::keys::Keys::read_key(&mut options, key, source, seen, 0)
                })?;
                Ok(options)
            }

            fn write<W: crate::wamp::serializer::Writer>(&self, out: &mut W) {
                use crate::wamp::options::keys::Keys;
                out.dict(Keys::count(self) + self.extra.len());
                self.write_keys(out);
                crate::wamp::message::write_entries(&self.extra, out);
                out.dict_end();
            }
        }
    };
}
pub(crate) use options;

macro_rules! impl_keys {
    ($name:ident {
        $($field:ident: $type:ty = $default:expr, $key:literal $(| $alias:literal)*;)*
        $(.. $group:ident: $group_type:ty;)*
    }) => {
        impl crate::wamp::options::keys::Keys for $name {
            const COUNT: u32 = 0 $(+ { let _ = $key; 1 })* $(+ <$group_type>::COUNT)*;

            fn has(key: &str) -> bool {
                match key {
                    $($key $(| $alias)* => true,)*
                    _ => false $(|| <$group_type>::has(key))*,
                }
            }

            fn read_key<'a, R: crate::wamp::serializer::Reader<'a>>(
                &mut self,
                key: &str,
                source: &mut crate::wamp::message::Source<'a, R>,
                seen: &mut crate::wamp::options::keys::Seen,
                first: u32,
            ) -> Result<bool, crate::wamp::message::Fault> {
                // Numbers the keys; `first` is where the number of the next one stands.
                let mut next = first;
                $({
                    if matches!(key, $key $(| $alias)*) {
                        seen.mark(next, $key)?;
                        let value = <$type as crate::wamp::message::Element>::read(source);
                        self.$field = value.map_err(|fault| fault.in_key($key))?;
                        return Ok(true);
                    }
                    next += 1;
                })*
                $({
                    if <$group_type>::has(key) {
                        let group = self.$group.get_or_insert_default();
                        return group.read_key(key, source, seen, next);
                    }
                    next += <$group_type>::COUNT;
                })*
                let _ = next;
                Ok(false)
            }

            fn count(&self) -> usize {
                0 $(+ usize::from(self.$field != $default))*
                    $(+ self.$group.as_ref().map_or(0, |group| group.count()))*
            }

            fn write_keys<W: crate::wamp::serializer::Writer>(&self, out: &mut W) {
                $(if self.$field != $default {
                    out.key($key);
                    crate::wamp::message::Element::write(&self.$field, out);
                })*
                $(if let Some(group) = &self.$group {
                    group.write_keys(out);
                })*
            }
        }
    };
}
pub(crate) use impl_keys;
