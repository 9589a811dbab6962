//! The parameters of a check as a struct, and their reading from the policy.

/// Declares the struct of a check's parameters with its `Deserialize`, which reports all mistakes at once and
/// refuses unknown keys.
///
/// ```text
/// parameters! {
///     struct Disks { at_least: Count }
///     optional { rotational: bool }
/// }
/// ```
macro_rules! parameters {
    (
        $visibility:vis struct $name:ident { $($required:ident: $type:ty),* $(,)? }
        $(optional { $($optional:ident: $optional_type:ty),* $(,)? })?
    ) => {
        #[derive(Debug)]
        $visibility struct $name {
            $($required: $type,)*
            $($($optional: Option<$optional_type>,)*)?
        }

        impl<'de> toml_span::Deserialize<'de> for $name {
            #[allow(unused_mut, reason = "there are checks without parameters")]
            fn deserialize(
                value: &mut toml_span::Value<'de>,
            ) -> Result<Self, toml_span::DeserError> {
                let mut table = toml_span::de_helpers::TableHelper::new(value)?;
                $(let $required = table.required(stringify!($required));)*
                $($(let $optional = table.optional(stringify!($optional));)*)?
                table.finalize(None)?;
                Ok(Self {
                    $($required: $required?,)*
                    $($($optional,)*)?
                })
            }
        }
    };
}

pub(super) use parameters;
