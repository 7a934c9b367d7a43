/** Where the keys are kept that seal tenants' data: the key vault plugin interface. */
@NullMarked
package io.tidaldb.api.key;

import org.jspecify.annotations.NullMarked;
