/** Time, threads and randomness: the only package of core that touches those of the JVM. */
@NullMarked
package io.tidaldb.core.runtime;

import org.jspecify.annotations.NullMarked;
