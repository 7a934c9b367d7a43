/** How a tenant is throttled: the rate limiter plugin interface. */
@NullMarked
package io.tidaldb.api.limit;

import org.jspecify.annotations.NullMarked;
