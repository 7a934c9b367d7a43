/** Puts plugins and runtime together: the only package that sees Guice. */
@NullMarked
package io.tidaldb.core.wiring;

import org.jspecify.annotations.NullMarked;
