//! What the channel promises, on a network in memory and with paused time.

mod calls;
mod health;
mod leftovers;
mod lost;
mod network;
mod pick_first;
mod resolving;
mod retries;
mod round_robin;
mod scripted;
mod subchannels;
