/** What tenants use, as nodes tell it each other, and counted again from the logs. Limits are in {@code core.quota}. */
@NullMarked
package io.tidaldb.core.usage;

import org.jspecify.annotations.NullMarked;
