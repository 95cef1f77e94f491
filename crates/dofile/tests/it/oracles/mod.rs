//! Numbers of the engine against published or independently computed ones.
//! Every case names its source and tolerance; nothing expected here comes from the engine itself.

mod cases;
