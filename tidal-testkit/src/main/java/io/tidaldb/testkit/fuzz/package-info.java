/** Hands spoilt bytes to decoders, guided by what of their code was reached. */
@NullMarked
package io.tidaldb.testkit.fuzz;

import org.jspecify.annotations.NullMarked;
