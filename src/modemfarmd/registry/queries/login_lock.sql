UPDATE login_failures SET locked_until = %(until)s WHERE key = %(key)s
