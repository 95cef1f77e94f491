//! Runs a do-file in an external engine, through a launcher process that outlives the server.
