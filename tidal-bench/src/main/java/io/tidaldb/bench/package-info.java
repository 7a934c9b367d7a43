/** Benchmarks, each of which states its hypothesis, next to references that do as little as possible. */
@NullMarked
package io.tidaldb.bench;

import org.jspecify.annotations.NullMarked;
