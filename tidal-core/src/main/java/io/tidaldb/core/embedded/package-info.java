/**
 * An open instance: opens its parts in order, joins them, and is what callers see. What a part does is in its own package; only the builder
 * and this package know them all.
 */
@NullMarked
package io.tidaldb.core.embedded;

import org.jspecify.annotations.NullMarked;
