"""What `logsluice demo` needs: made-up traffic, the log objects it would leave in S3, and AWS emulated on loopback.

Addresses are of the ranges reserved for documentation (RFC 5737, RFC 3849), the account is 123456789012.
"""
