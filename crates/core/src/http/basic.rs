//! The `Basic` scheme.

use alloc::string::String;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Credentials;

/// The value of an `Authorization` or `Proxy-Authorization` header (RFC 7617 2).
pub(crate) fn basic_credentials(credentials: &Credentials) -> String {
    let mut pair = credentials.user.clone();
    pair.push(':');
    pair.push_str(&credentials.password);
    String::from("Basic ") + &STANDARD.encode(pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_credentials_of_rfc_7617_encode_as_it_says() {
        let credentials = Credentials { user: "Aladdin".into(), password: "open sesame".into() };
        assert_eq!(basic_credentials(&credentials), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    }
}
