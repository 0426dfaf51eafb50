// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each user holds of what there is only so much of: near memory, contexts and
 * names.  Whoever made it is charged until it goes.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/slab.h>

#include "nms_drv.h"

static struct nms_user *nms_user_find(struct nms_device *nms, kuid_t uid)
{
	struct nms_user *user;

	list_for_each_entry(user, &nms->users, link)
		if (uid_eq(user->uid, uid))
			return user;
	user = kzalloc(sizeof(*user), GFP_KERNEL);
	if (user) {
		user->uid = uid;
		list_add(&user->link, &nms->users);
	}
	return user;
}

static void nms_user_put(struct nms_user *user)
{
	if (memchr_inv(user->held, 0, sizeof(user->held)))
		return;
	list_del(&user->link);
	kfree(user);
}

static u64 nms_user_limit(struct nms_device *nms, enum nms_charge what)
{
	switch (what) {
	case NMS_CHARGE_CONTEXT:
		return NMS_MAX_USER_CONTEXTS;
	case NMS_CHARGE_NAME:
		return NMS_MAX_USER_DATASETS;
	default:
		return nms->near_quota;
	}
}

/* -EDQUOT; with CAP_SYS_RESOURCE there is no limit. */
int nms_user_charge(struct nms_device *nms, enum nms_charge what, u64 amount,
		    struct nms_user **out)
{
	struct nms_user *user;
	int err = 0;
	u64 limit;

	mutex_lock(&nms->table_lock);
	limit = nms_user_limit(nms, what);
	user = nms_user_find(nms, current_uid());
	if (!user) {
		err = -ENOMEM;
	} else if ((user->held[what] > limit || amount > limit - user->held[what]) &&
		   !capable(CAP_SYS_RESOURCE)) {
		nms_user_put(user);
		err = -EDQUOT;
	} else {
		user->held[what] += amount;
		*out = user;
	}
	mutex_unlock(&nms->table_lock);
	return err;
}

void nms_user_uncharge(struct nms_device *nms, enum nms_charge what, struct nms_user *user,
		       u64 amount)
{
	mutex_lock(&nms->table_lock);
	user->held[what] -= amount;
	nms_user_put(user);
	mutex_unlock(&nms->table_lock);
}

/*
 * Commands take kernel memory that no control group is charged with: blocks and lists
 * which the device reads.  The user is kept by the context.  -EBUSY.
 */
int nms_user_charge_commands(struct nms_user *user, unsigned int count)
{
	if (atomic_add_return(count, &user->commands) <= NMS_MAX_USER_COMMANDS ||
	    capable(CAP_SYS_RESOURCE))
		return 0;
	atomic_sub(count, &user->commands);
	return -EBUSY;
}

void nms_user_uncharge_commands(struct nms_user *user, unsigned int count)
{
	atomic_sub(count, &user->commands);
}
