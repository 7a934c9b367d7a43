/** How much a tenant may write: the rate limiter "token-bucket". */
@NullMarked
package io.tidaldb.core.quota;

import org.jspecify.annotations.NullMarked;
