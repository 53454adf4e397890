//! The two parameters that permessage-snappy and permessage-brotli share.

use super::{ExtensionError, ExtensionParams};

const SERVER: &str = "server_no_context_takeover";
const CLIENT: &str = "client_no_context_takeover";

/// Who keeps no context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NoContext {
    pub(super) server: bool,
    pub(super) client: bool,
}

impl NoContext {
    pub(super) fn parse(params: &ExtensionParams) -> Result<Self, ExtensionError> {
        let mut parsed = Self::default();
        for param in params.params() {
            let name = &*param.name;
            let flag = match name {
                SERVER => &mut parsed.server,
                CLIENT => &mut parsed.client,
                _ => return Err(ExtensionError::ParamUnknown(name.into())),
            };
            if param.value.is_some() {
                return Err(ExtensionError::ParamInvalid(name.into()));
            }
            if core::mem::replace(flag, true) {
                return Err(ExtensionError::ParamRepeated(name.into()));
            }
        }
        Ok(parsed)
    }

    pub(super) fn build(self, name: &'static str) -> ExtensionParams {
        let mut params = ExtensionParams::new(name).expect("the name is a token");
        for (wanted, flag) in [(self.server, SERVER), (self.client, CLIENT)] {
            if wanted {
                params.push(flag, None).expect("the name is a token");
            }
        }
        params
    }

    /// What holds for a client that has offered `self` and got this answer.
    pub(super) fn confirm(self, answer: &ExtensionParams) -> Result<Self, ExtensionError> {
        let answer = Self::parse(answer)?;
        if self.server && !answer.server {
            return Err(ExtensionError::ParamMissing(SERVER.into()));
        }
        Ok(Self { server: answer.server, client: answer.client || self.client })
    }
}
