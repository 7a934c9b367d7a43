/** Rules and scenarios that concern all modules together. */
@NullMarked
package io.tidaldb.it;

import org.jspecify.annotations.NullMarked;
