//! What goes over a connection, told frame by frame.

use crate::direction::Direction;

/// The side that bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who opened the connection.
    Client,
    /// Who accepted it.
    Server,
}

/// Something to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who sent it.
    pub side: Side,
    /// The stream that it is about, or 0 for the connection.
    pub stream: u32,
    /// The line.
    pub text: String,
}

/// What is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// What belongs to calls: headers, messages, resets.
    Calls,
    /// Every frame.
    Frames,
}

/// Watches both directions of a connection, from its first byte on.
pub struct Watcher {
    view: View,
    client: Direction,
    server: Direction,
}

impl Watcher {
    /// A watcher of a connection that has not said anything yet.
    #[must_use]
    pub fn new(view: View) -> Self {
        let [client, server] = [Side::Client, Side::Server].map(Direction::new);
        Self { view, client, server }
    }

    /// Looks at the next bytes of one direction, and says what they complete.
    pub fn see(&mut self, side: Side, bytes: &[u8]) -> Vec<Line> {
        let (this, other) = match side {
            Side::Client => (&mut self.client, &mut self.server),
            Side::Server => (&mut self.server, &mut self.client),
        };
        let mut lines = this.see(bytes, other);
        if self.view == View::Calls && !this.is_blind() {
            lines.retain(|line| line.stream != 0);
        }
        lines
    }
}
