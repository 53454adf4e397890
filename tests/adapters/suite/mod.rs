//! The tests of WebSocket.

pub(crate) mod between;
pub(crate) mod closing;
pub(crate) mod messages;
pub(crate) mod misbehaving;
pub(crate) mod opening;

use std::sync::Arc;

use wirebahn_core::websocket::opening::ServerOptions;
use wirebahn_core::websocket::{Config, Message};

use crate::adapter::{Adapter, Running, ServerSetup, Socket};
use crate::peer::PATIENCE;

/// All tests for `$adapter`.
macro_rules! tests {
    (@each $adapter:ty; $($module:ident { $($name:ident)+ })+) => {
        $($(#[test]
        fn $name() {
            $crate::suite::$module::$name::<$adapter>();
        })+)+
    };
    ($adapter:ty) => {
        $crate::suite::tests! { @each $adapter;
            messages {
                messages_come_back_as_they_were
                messages_of_all_sizes_come_back
                everything_that_was_fed_comes_back_in_order
                frames_and_parts_come_back_as_messages
                messages_are_compressed_where_both_ends_want_it
                both_ends_may_send_without_reading_for_a_while
                two_threads_may_use_two_halves
                halves_send_while_nothing_comes
                waiting_ends_in_time_and_loses_nothing
                pings_are_answered
            }
            closing {
                closing_is_clean_on_both_sides
                a_split_connection_is_closed_by_its_writer
                a_connection_that_was_closed_sends_no_more
                a_close_with_a_forbidden_code_changes_nothing
                a_connection_that_is_aborted_is_lost_to_the_peer
                a_peer_that_goes_away_is_noticed
                a_peer_that_does_not_close_is_given_up
                the_end_of_a_failed_connection_is_seen_at_once
                a_server_that_ends_says_goodbye
                a_server_that_ends_does_not_wait_for_ever
            }
            misbehaving {
                a_peer_that_breaks_the_protocol_is_told_so
                an_idle_connection_is_kept_alive_and_a_dead_one_given_up
                messages_that_are_too_long_are_refused
                a_peer_that_reads_nothing_does_not_hold_its_connection_for_ever
            }
            opening {
                a_subprotocol_is_agreed_on
                a_refusal_is_shown_with_its_body
                redirects_are_followed_where_that_is_allowed
                requests_that_are_none_are_answered
                a_server_that_does_not_answer_is_given_up
                a_port_that_nobody_listens_on_is_an_error
                one_connection_too_many_is_refused
            }
            between {
                secure_servers_are_spoken_to_and_verified
                large_messages_pass_over_tls_in_both_directions
                a_server_without_tls_is_told_from_one_that_hangs
                servers_are_reached_through_proxies
                a_proxy_in_front_names_the_client
                who_does_not_get_through_is_logged
            }
        }
    };
}
pub(crate) use tests;

fn start<A: Adapter>(setup: impl Into<ServerSetup>) -> Running {
    A::serve(setup.into())
}

fn connect<A: Adapter>(server: &Running) -> Box<dyn Socket> {
    A::connect(server.url().into()).unwrap()
}

fn text(text: &str) -> Message {
    Message::text(text.to_owned())
}

/// Options of a server whose timers are short.
fn impatient(change: impl FnOnce(&mut Config)) -> ServerOptions {
    let mut options = ServerOptions::default();
    let config = Arc::make_mut(&mut options.config);
    config.close.handshake_timeout = Some(PATIENCE);
    config.close.drop_timeout = Some(PATIENCE);
    change(config);
    options.open_timeout = Some(PATIENCE);
    options
}
