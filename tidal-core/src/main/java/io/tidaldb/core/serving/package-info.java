/**
 * What other nodes, and clients, are answered by an open instance: each call is decoded, held until as much is known here as by whoever asks,
 * and given to what can answer it. Bytes of calls are in {@code remote}; how others are asked is in {@code cluster}.
 */
@NullMarked
package io.tidaldb.core.serving;

import org.jspecify.annotations.NullMarked;
